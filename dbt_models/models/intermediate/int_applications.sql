with
{%- for source in ['cms', 'ecms'] %}
{{ source }} as (
    select
        '{{ source }}' as source,
        applications.refresh,
        applications.application_id,
        applications.case_id,
        types.name as application_type,
        {{ law_type('law_types.name') }} as law_type,
        coalesce(applications.date_of_application, applications.date_received) as application_date,
        applications.date_of_application,
        applications.date_received,
        applications.date_completed,
        applications.date_application_completed,
        applications.{{ 'court_id' if source == 'cms' else 'court_level_ref_id' }} as court_level_ref_id,
        applications.application_type_id
    from {{ ref('stg_cafe_' ~ source ~ '__applications') }} as applications
    left join {{ ref('stg_cafe_' ~ source ~ '__cases') }} as cases using (refresh, case_id)
    {{ join_lookup('types', 'application type', source, 'applications.refresh', 'applications.application_type_id') }}
    {{ join_lookup('law_types', 'law type', source, 'cases.refresh', 'cases.law_type_id') }}
),
{% endfor %}
-- A carried-over case is told by ECMS; what CMS says of it stands in int_carried_over.
cms_alone as (
    from cms
    anti join {{ ref('int_carried_over') }} as carried
        on carried.cms_refresh = cms.refresh and carried.cms_case_id = cms.case_id
),

cymru as (
    select
        'cymru' as source,
        refresh,
        application_id,
        application_id as case_id,
        {{ clean_name('application_type') }} as application_type,
        {{ law_type('law_type') }} as law_type,
        date_issued as application_date,
        date_issued as date_of_application,
        cast(null as date) as date_received,
        date_closed as date_completed,
        date_closed as date_application_completed,
        cast(null as bigint) as court_level_ref_id,
        cast(null as bigint) as application_type_id
    from {{ ref('stg_cafw__applications') }}
)

select distinct * from cms_alone
union all
select distinct * from ecms
union all
select distinct * from cymru
