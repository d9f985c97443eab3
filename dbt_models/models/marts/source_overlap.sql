with found as (
    select distinct alf_e, source, year(event_date) as year
    from {{ ref('int_contacts') }}
),

-- By the sources that somebody is found in, of which there are few sets, so that nobody is joined to anybody.
people as (
    select year, list(source order by source) as sources
    from found
    group by alf_e, year
    union all
    select null as year, list(distinct source order by source) as sources
    from found
    group by alf_e
),

sets as (
    select year, sources, count(*) as people
    from people
    group by all
),

pairs as (
    select year, source_a, unnest(sources) as source_b, people
    from (select *, unnest(sources) as source_a from sets)
),

counted as (
    select year, source_a, source_b, sum(people) as people
    from pairs
    group by all
),

alone as (
    select year, source_a as source, people
    from counted
    where source_a = source_b
)

-- Every pair of sources that both have people in the year, so that nobody in both is a row of 0.
select
    a.source as source_a,
    b.source as source_b,
    a.year,
    cast(coalesce(counted.people, 0) as bigint) as people,
    cast(a.people as bigint) as people_a,
    cast(b.people as bigint) as people_b,
    coalesce(counted.people, 0) / a.people as share_of_a,
    coalesce(counted.people, 0) / b.people as share_of_b
from alone as a
join alone as b on b.year is not distinct from a.year and a.source <= b.source
left join counted
    on counted.year is not distinct from a.year and counted.source_a = a.source and counted.source_b = b.source
