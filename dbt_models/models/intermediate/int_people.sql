with ecms as (
    select distinct 'ecms' as source, refresh, person_id, 'person' as recorded_as, gender, week_of_birth, alf_e, alf2_e
    from {{ ref('stg_cafe_ecms__people') }}
),

cms as (
    select distinct 'cms' as source, refresh, person_id, 'person' as recorded_as, gender, week_of_birth, alf_e, alf2_e
    from {{ ref('stg_cafe_cms__people') }}
),

cymru as (
    select distinct 'cymru' as source, refresh, person_id, 'child' as recorded_as, gender, week_of_birth, alf_e
    from {{ ref('stg_cafw__children') }}
    union all
    select distinct 'cymru' as source, refresh, person_id, 'adult' as recorded_as, gender, week_of_birth, alf_e
    from {{ ref('stg_cafw__adults') }}
),

people as (
    from ecms
    union all by name
    from cms
    union all by name
    from cymru
),

links as (
    select distinct 'ecms' as source, refresh, person_id, alf_status, alf_match_pct, lsoa
    from {{ ref('stg_cafe_ecms__alf') }}
    union all
    select distinct 'cms' as source, refresh, person_id, alf_status, alf_match_pct, lsoa
    from {{ ref('stg_cafe_cms__alf') }}
    union all
    select distinct 'cymru' as source, refresh, person_id, alf_status, alf_match_pct, lsoa
    from {{ ref('stg_cafw__alf') }}
)

select
    people.source,
    people.refresh,
    people.person_id,
    case when people.alf_e is not null then 'alf ' || people.alf_e else people.source || ' ' || people.person_id end
        as followed_id,
    people.recorded_as,
    coalesce(people.gender, 'Unknown') as gender,
    people.week_of_birth as week_of_birth_given,
    {{ mended_week_of_birth('people.week_of_birth', 'people.refresh') }} as week_of_birth,
    people.alf_e,
    people.alf2_e,
    trim(links.alf_status) as alf_status,
    links.alf_match_pct,
    trim(links.lsoa) as lsoa
from people
left join links using (source, refresh, person_id)
