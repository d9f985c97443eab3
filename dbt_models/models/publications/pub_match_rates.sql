with newest as (
    select *
    from {{ ref('match_rates') }}
    where dimension = 'all'
    qualify refresh = max(refresh) over (partition by source)
)

select
    source,
    refresh,
    case when {{ may_be_let_out('people', 'linked') }} then {{ rounded('people') }} end as people,
    case when {{ may_be_let_out('people', 'linked') }} then {{ rounded('linked') }} end as linked,
    case when {{ may_be_let_out('people', 'linked') }} then {{ rounded('linked') }} / {{ rounded('people') }} end
        as match_rate,
    not {{ may_be_let_out('people', 'linked') }} as is_suppressed,
    cast({{ var('disclosure_threshold') }} as integer) as threshold,
    cast({{ var('disclosure_rounding') }} as integer) as rounding
from newest
