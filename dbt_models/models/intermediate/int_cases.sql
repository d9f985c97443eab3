with first_applications as (
    select
        source,
        refresh,
        case_id,
        min(application_date) as first_application_date,
        first(court_level_ref_id order by application_date nulls last, application_id) as court_level_ref_id
    from {{ ref('int_applications') }}
    group by all
),

-- What each ECMS case was in the newest CMS refresh that is built.
carried as (
    select ecms_refresh as refresh, ecms_case_id as case_id, cms_case_id, cms_first_application_date
    from {{ ref('int_carried_over') }}
    qualify row_number() over (partition by ecms_refresh, ecms_case_id order by cms_refresh desc) = 1
),

ecms as (
    select distinct
        'ecms' as source,
        cases.refresh,
        cases.case_id,
        {{ law_type('law_types.name') }} as law_type,
        statuses.name as case_status,
        cases.date_received,
        cases.closure_date,
        cases.reopen_date,
        cases.local_authority_id,
        authorities.name as local_authority,
        cases.court_level_ref_id,
        carried.cms_case_id as carried_from_case_id,
        carried.cms_first_application_date
    from {{ ref('stg_cafe_ecms__cases') }} as cases
    {{ join_lookup('law_types', 'law type', 'ecms', 'cases.refresh', 'cases.law_type_id') }}
    {{ join_lookup('statuses', 'case status', 'ecms', 'cases.refresh', 'cases.case_status_id') }}
    {{ join_lookup('authorities', 'local authority', 'ecms', 'cases.refresh', 'cases.local_authority_id') }}
    left join carried on carried.refresh = cases.refresh and carried.case_id = cases.case_id
),

-- CMS gives a case neither dates nor a court: they are those of its applications.
cms as (
    select distinct
        'cms' as source,
        cases.refresh,
        cases.case_id,
        {{ law_type('law_types.name') }} as law_type,
        statuses.name as case_status,
        cases.local_authority_id,
        authorities.name as local_authority,
        first_applications.court_level_ref_id
    from {{ ref('stg_cafe_cms__cases') }} as cases
    {{ join_lookup('law_types', 'law type', 'cms', 'cases.refresh', 'cases.law_type_id') }}
    {{ join_lookup('statuses', 'case status', 'cms', 'cases.refresh', 'cases.case_status_id') }}
    {{ join_lookup('authorities', 'local authority', 'cms', 'cases.refresh', 'cases.local_authority_id') }}
    left join first_applications
        on first_applications.source = 'cms' and first_applications.refresh = cases.refresh
        and first_applications.case_id = cases.case_id
    anti join {{ ref('int_carried_over') }} as carried_over
        on carried_over.cms_refresh = cases.refresh and carried_over.cms_case_id = cases.case_id
),

cymru as (
    select distinct
        'cymru' as source,
        applications.refresh,
        applications.application_id as case_id,
        {{ law_type('applications.law_type') }} as law_type,
        case when applications.date_closed is null then 'Open' else 'Completed' end as case_status,
        applications.date_closed as closure_date,
        applications.local_authority_id,
        authorities.name as local_authority
    from {{ ref('stg_cafw__applications') }} as applications
    {{ join_lookup('authorities', 'local authority', 'cymru', 'applications.refresh', 'applications.local_authority_id') }}
),

united as (
    from ecms
    union all by name
    from cms
    union all by name
    from cymru
)

select
    united.source,
    united.refresh,
    united.case_id,
    united.law_type,
    united.case_status,
    united.date_received,
    united.closure_date,
    united.reopen_date,
    united.local_authority_id,
    united.local_authority,
    courts.court_id,
    courts.dfj_area_id,
    courts.circuit_id,
    case when united.source = 'cymru' then 'Wales' else courts.region end as region,
    united.carried_from_case_id,
    least(
        coalesce(first_applications.first_application_date, united.date_received), united.cms_first_application_date
    ) as case_start_date
from united
left join {{ ref('int_courts') }} as courts using (source, refresh, court_level_ref_id)
left join first_applications using (source, refresh, case_id)
