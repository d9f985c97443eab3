with ecms as (
    select
        'ecms' as source, refresh, person_id, application_id,
        is_subject, is_applicant, is_respondent, is_other, is_subject_party, is_other_party
    from {{ ref('stg_cafe_ecms__persons_on_applications') }}
),

-- Of CMS's roles all but the subject's are those of adults.
cms as (
    select
        'cms' as source, refresh, person_id, application_id,
        {{ cms_role() }} = 4 as is_subject,
        {{ cms_role() }} = 1 as is_applicant,
        {{ cms_role() }} = 2 as is_respondent,
        {{ cms_role() }} = 8 as is_other,
        {{ cms_role() }} = 4 and {{ cms_flag('is_party') }} as is_subject_party,
        {{ cms_role() }} = 8 and {{ cms_flag('is_party') }} as is_other_party,
        {{ cms_role() }} <> 4 as is_adult
    from {{ ref('stg_cafe_cms__application_members') }}
),

cymru as (
    select
        'cymru' as source, refresh, person_id, application_id,
        party_role = 'Subject' as is_subject,
        party_role = 'Applicant' as is_applicant,
        party_role = 'Respondent' as is_respondent,
        party_role = 'Other' as is_other
    from {{ ref('stg_cafw__parties') }}
),

united as (
    from ecms
    union all by name
    from cms
    union all by name
    from cymru
),

roles as (
    select
        source,
        refresh,
        person_id,
        application_id,
        {%- for flag in ['subject', 'applicant', 'respondent', 'other', 'subject_party', 'other_party', 'adult'] %}
        coalesce(bool_or(is_{{ flag }}), false) as is_{{ flag }},
        {%- endfor %}
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
-- The roles on a carried-over case are ECMS's.
where roles.source <> 'cms' or applications.application_id is not null
