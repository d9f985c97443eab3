with totals as (
    select refresh, source, linked, people - linked as unlinked
    from {{ ref('match_rates') }}
    where dimension = 'all'
),

shares as (
    select
        rates.refresh,
        rates.source,
        rates.dimension,
        rates.category,
        rates.linked,
        rates.people - rates.linked as unlinked,
        rates.linked / nullif(totals.linked, 0) as share_of_linked,
        (rates.people - rates.linked) / nullif(totals.unlinked, 0) as share_of_unlinked
    from {{ ref('match_rates') }} as rates
    join totals using (refresh, source)
    where rates.dimension <> 'all'
)

select
    *,
    round((share_of_linked - share_of_unlinked) / nullif(
        sqrt((share_of_linked * (1 - share_of_linked) + share_of_unlinked * (1 - share_of_unlinked)) / 2), 0
    ), 6) as standardised_difference
from shares
