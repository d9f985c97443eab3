with courts as (
    select refresh, court_id, {{ clean_name('name') }} as court_name, dfj_area_id, circuit_id
    from {{ ref('stg_cafe_ecms__courts') }}
)

select
    'ecms' as source,
    levels.refresh,
    levels.court_level_ref_id,
    min(courts.court_id) over (
        partition by levels.refresh, coalesce(lower(courts.court_name), cast(courts.court_id as varchar))
    ) as court_id,
    courts.court_id as recorded_court_id,
    courts.court_name,
    courts.dfj_area_id,
    courts.circuit_id
from {{ ref('stg_cafe_ecms__court_level_refs') }} as levels
join courts on courts.refresh = levels.refresh and courts.court_id = levels.court_id
