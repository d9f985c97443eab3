with first_applications as (
    select source, refresh, case_id, min(application_date) as first_application_date
    from {{ ref('int_applications') }}
    group by all
),

ecms as (
    select distinct
        'ecms' as source,
        cases.refresh,
        cases.case_id,
        {{ law_type('law_types.caption') }} as law_type,
        {{ clean_name('statuses.name') }} as case_status,
        cases.date_received,
        cases.closure_date,
        cases.reopen_date,
        cases.local_authority_id,
        courts.court_id,
        courts.dfj_area_id,
        courts.circuit_id
    from {{ ref('stg_cafe_ecms__cases') }} as cases
    left join {{ ref('stg_cafe_ecms__law_types') }} as law_types using (refresh, law_type_id)
    left join {{ ref('stg_cafe_ecms__case_statuses') }} as statuses using (refresh, case_status_id)
    left join {{ ref('int_courts') }} as courts using (refresh, court_level_ref_id)
),

cymru as (
    select distinct
        'cymru' as source,
        refresh,
        application_id as case_id,
        {{ law_type('law_type') }} as law_type,
        case when date_closed is null then 'Open' else 'Completed' end as case_status,
        cast(null as date) as date_received,
        date_closed as closure_date,
        cast(null as date) as reopen_date,
        local_authority_id,
        cast(null as bigint) as court_id,
        cast(null as bigint) as dfj_area_id,
        cast(null as bigint) as circuit_id
    from {{ ref('stg_cafw__applications') }}
),

united as (
    from ecms
    union all
    from cymru
)

select
    united.*,
    coalesce(first_applications.first_application_date, united.date_received) as case_start_date
from united
left join first_applications using (source, refresh, case_id)
