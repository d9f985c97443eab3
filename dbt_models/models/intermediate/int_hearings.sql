with ecms as (
    select
        'ecms' as source,
        hearings.refresh,
        hearings.hearing_id,
        hearings.case_id,
        hearings.hearing_date,
        courts.court_id,
        courts.dfj_area_id,
        courts.circuit_id,
        cast(null as varchar) as hearing_type
    from {{ ref('stg_cafe_ecms__hearings') }} as hearings
    left join {{ ref('int_courts') }} as courts using (refresh, court_level_ref_id)
),

cymru as (
    select
        'cymru' as source,
        refresh,
        hearing_id,
        application_id as case_id,
        hearing_date,
        cast(null as bigint) as court_id,
        cast(null as bigint) as dfj_area_id,
        cast(null as bigint) as circuit_id,
        {{ clean_name('hearing_type') }} as hearing_type
    from {{ ref('stg_cafw__hearings') }}
),

united as (
    from ecms
    union all
    from cymru
)

select
    source,
    refresh,
    min(hearing_id) as hearing_id,
    case_id,
    hearing_date,
    court_id,
    dfj_area_id,
    circuit_id,
    hearing_type,
    count(*) as copies
from united
group by all
