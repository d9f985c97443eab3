with
{{ health_before(
    'infants', ['emergency', 'emergency_admission', 'elective_admission', 'outpatient'], ['injury']
) }}

select
    * replace (case person_group when 'case' then 'infant' else person_group end as person_group),
    index_date - followed_from as days_followed
from followed
