with ecms as (
    select
        'ecms' as source, refresh, person_id, application_id,
        is_subject, is_applicant, is_respondent, is_other, is_subject_party, is_other_party
    from {{ ref('stg_cafe_ecms__persons_on_applications') }}
),

cymru as (
    select
        'cymru' as source, refresh, person_id, application_id,
        party_role = 'Subject' as is_subject,
        party_role = 'Applicant' as is_applicant,
        party_role = 'Respondent' as is_respondent,
        party_role = 'Other' as is_other,
        false as is_subject_party,
        false as is_other_party
    from {{ ref('stg_cafw__parties') }}
),

united as (
    from ecms
    union all
    from cymru
),

roles as (
    select
        source,
        refresh,
        person_id,
        application_id,
        coalesce(bool_or(is_subject), false) as is_subject,
        coalesce(bool_or(is_applicant), false) as is_applicant,
        coalesce(bool_or(is_respondent), false) as is_respondent,
        coalesce(bool_or(is_other), false) as is_other,
        coalesce(bool_or(is_subject_party), false) as is_subject_party,
        coalesce(bool_or(is_other_party), false) as is_other_party,
        count(*) as role_rows
    from united
    group by all
)

select
    roles.*,
    {{ primary_role() }} as primary_role,
    applications.case_id,
    applications.law_type,
    applications.application_date
from roles
left join {{ ref('int_applications') }} as applications using (source, refresh, application_id)
