with categories as (
    {{ linkage_groups() }}
)

select
    refresh,
    source,
    dimension,
    category,
    count(*) as people,
    count_if(is_usable) as people_usable,
    count_if(is_linked) as linked,
    count_if(is_linked and is_usable) as linked_usable,
    {%- for status in ['1', '4', '39', '35', '99'] %}
    count_if(alf_status is not distinct from '{{ status }}') as status_{{ status }},
    {%- endfor %}
    count_if(alf_status is null) as status_missing,
    count_if(is_linked) / count(*) as match_rate,
    count_if(is_linked and is_usable) / nullif(count_if(is_usable), 0) as match_rate_usable
from categories
group by all
