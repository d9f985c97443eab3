with courts as (
    select
        'ecms' as source,
        courts.refresh,
        levels.court_level_ref_id,
        courts.court_id,
        {{ clean_name('courts.name') }} as court_name,
        courts.dfj_area_id,
        courts.circuit_id,
        {{ clean_name('circuits.name') }} as region
    from {{ ref('stg_cafe_ecms__court_level_refs') }} as levels
    join {{ ref('stg_cafe_ecms__courts') }} as courts using (refresh, court_id)
    left join {{ ref('stg_cafe_ecms__circuits') }} as circuits using (refresh, circuit_id)
    union all
    select
        'cms' as source,
        courts.refresh,
        courts.court_id as court_level_ref_id,
        courts.court_id,
        {{ clean_name('courts.name') }} as court_name,
        courts.dfj_area_id,
        courts.circuit_id,
        {{ clean_name('circuits.name') }} as region
    from {{ ref('stg_cafe_cms__courts') }} as courts
    left join {{ ref('stg_cafe_cms__circuits') }} as circuits using (refresh, circuit_id)
)

select
    source,
    refresh,
    court_level_ref_id,
    min(court_id) over (
        partition by source, refresh, coalesce(lower(court_name), cast(court_id as varchar))
    ) as court_id,
    court_id as recorded_court_id,
    court_name,
    dfj_area_id,
    circuit_id,
    region
from courts
