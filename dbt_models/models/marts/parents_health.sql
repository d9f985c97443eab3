with
{{ health_before(
    'parents',
    ['emergency', 'hospital', 'emergency_admission', 'elective_admission', 'outpatient'],
    ['mental_health', 'substance_use', 'injury'],
) }}

select
    * replace (case person_group when 'case' then 'parent' else person_group end as person_group),
    {{ completed_years('week_of_birth', 'index_date') }} as age_at_index
from followed
