{#- One bit a source, so that one aggregation over all events is enough and nobody is joined to anybody. -#}
{%- set sources = ['cafcass_cymru', 'cafcass_england_cms', 'cafcass_england_ecms'] -%}
{%- for each in contact_tables() if each.dataset not in sources %}{% do sources.append(each.dataset) %}{% endfor -%}
with places(source, bit) as (
    values
    {%- for source in sources %}
    ('{{ source }}', cast({{ 2 ** loop.index0 }} as bigint)){{ ',' if not loop.last }}
    {%- endfor %}
),

found as (
    select contacts.alf_e, year(contacts.event_date) as year, bit_or(places.bit) as sources
    from {{ ref('int_contacts') }} as contacts
    join places using (source)
    group by all
),

ever as (
    select bit_or(sources) as sources
    from found
    group by alf_e
),

sets as (
    select year, sources, count(*) as people
    from found
    group by all
    union all
    select null as year, sources, count(*) as people
    from ever
    group by all
),

alone as (
    select sets.year, places.source, places.bit, sum(sets.people) as people
    from sets
    join places on sets.sources & places.bit > 0
    group by all
)

-- Every pair of sources that both have people in the year, so that nobody in both is a row of 0.
select
    a.source as source_a,
    b.source as source_b,
    a.year,
    cast(coalesce(sum(sets.people), 0) as bigint) as people,
    cast(a.people as bigint) as people_a,
    cast(b.people as bigint) as people_b,
    coalesce(sum(sets.people), 0) / a.people as share_of_a,
    coalesce(sum(sets.people), 0) / b.people as share_of_b
from alone as a
join alone as b on b.year is not distinct from a.year and a.source <= b.source
left join sets
    on sets.year is not distinct from a.year and sets.sources & a.bit > 0 and sets.sources & b.bit > 0
group by a.source, b.source, a.year, a.people, b.people
