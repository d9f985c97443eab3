with cases as (
    {%- for source in ['cms', 'ecms'] %}
    select
        '{{ source }}' as source,
        cases.refresh,
        cases.case_id,
        {{ law_type('law_types.name') }} as law_type,
        lower(authorities.name) as local_authority
    from {{ ref('stg_cafe_' ~ source ~ '__cases') }} as cases
    {{ join_lookup('law_types', 'law type', source, 'cases.refresh', 'cases.law_type_id') }}
    {{ join_lookup('authorities', 'local authority', source, 'cases.refresh', 'cases.local_authority_id') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

applications as (
    {%- for source in ['cms', 'ecms'] %}
    select
        '{{ source }}' as source, refresh, case_id, application_id,
        coalesce(date_of_application, date_received) as application_date
    from {{ ref('stg_cafe_' ~ source ~ '__applications') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

begun as (
    select source, refresh, case_id, min(application_date) as first_application_date
    from applications
    group by all
),

on_applications as (
    select 'cms' as source, refresh, application_id, person_id
    from {{ ref('stg_cafe_cms__application_members') }}
    where member_type = 4
    union all
    select 'ecms' as source, refresh, application_id, person_id
    from {{ ref('stg_cafe_ecms__persons_on_applications') }}
    where is_subject or is_subject_party
),

linked as (
    select distinct 'cms' as source, refresh, person_id, alf_e
    from {{ ref('stg_cafe_cms__people') }} where alf_e is not null
    union all
    select distinct 'ecms' as source, refresh, person_id, alf_e
    from {{ ref('stg_cafe_ecms__people') }} where alf_e is not null
),

subjects as (
    select distinct source, refresh, case_id, alf_e
    from on_applications
    join applications using (source, refresh, application_id)
    join linked using (source, refresh, person_id)
),

sides as (
    select subjects.*, cases.law_type, cases.local_authority, begun.first_application_date
    from subjects
    join cases using (source, refresh, case_id)
    join begun using (source, refresh, case_id)
    where cases.law_type <> 'Unknown' and begun.first_application_date is not null
),

pairs as (
    select
        older.refresh as cms_refresh,
        older.case_id as cms_case_id,
        newer.refresh as ecms_refresh,
        newer.case_id as ecms_case_id,
        any_value(older.first_application_date) as cms_first_application_date,
        any_value(abs(date_diff('day', older.first_application_date, newer.first_application_date))) as days_apart,
        count(*) as linked_subjects
    from sides as older
    join sides as newer
        on newer.source = 'ecms' and newer.alf_e = older.alf_e and newer.law_type = older.law_type
        and coalesce(newer.local_authority = older.local_authority, true)
        and abs(date_diff('day', older.first_application_date, newer.first_application_date))
            <= {{ var('carried_over_days') }}
    where older.source = 'cms'
    group by all
)

select *
from pairs
qualify row_number() over (
        partition by cms_refresh, cms_case_id, ecms_refresh order by linked_subjects desc, days_apart, ecms_case_id
    ) = 1
    and row_number() over (
        partition by cms_refresh, ecms_refresh, ecms_case_id order by linked_subjects desc, days_apart, cms_case_id
    ) = 1
