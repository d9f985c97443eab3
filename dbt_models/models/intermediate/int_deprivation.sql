-- Rank 1 is the most deprived. The two nations' ranks are never pooled.
with chosen as (
    select *
    from {{ source('reference', 'deprivation_by_lsoa2011') }}
    {%- if var('deprivation_vintage') %}
    where vintage = '{{ var('deprivation_vintage') }}'
    {%- endif %}
    qualify vintage is not distinct from max(vintage) over (partition by nation)
)

select
    lsoa2011_cd as lsoa,
    nation,
    vintage,
    deprivation_rank as nation_rank,
    case
        when deprivation_rank is not null then
            cast(
                ntile(5) over (
                    partition by nation, deprivation_rank is null
                    order by deprivation_rank, lsoa2011_cd
                ) as integer
            )
        else cast(ceil(deprivation_decile / 2.0) as integer)
    end as quintile
from chosen
