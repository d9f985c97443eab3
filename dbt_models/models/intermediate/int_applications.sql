with ecms as (
    select
        'ecms' as source,
        applications.refresh,
        applications.application_id,
        applications.case_id,
        {{ clean_name('types.name') }} as application_type,
        {{ law_type('law_types.caption') }} as law_type,
        coalesce(applications.date_of_application, applications.date_received) as application_date,
        applications.date_of_application,
        applications.date_received,
        applications.date_completed,
        applications.date_application_completed,
        applications.court_level_ref_id,
        applications.application_type_id
    from {{ ref('stg_cafe_ecms__applications') }} as applications
    left join {{ ref('stg_cafe_ecms__application_types') }} as types using (refresh, application_type_id)
    left join {{ ref('stg_cafe_ecms__cases') }} as cases using (refresh, case_id)
    left join {{ ref('stg_cafe_ecms__law_types') }} as law_types
        on law_types.refresh = cases.refresh and law_types.law_type_id = cases.law_type_id
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

select distinct * from ecms
union all
select distinct * from cymru
