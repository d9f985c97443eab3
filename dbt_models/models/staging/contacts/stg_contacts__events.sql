{#- One view for all sources, not one a table: of each it needs a person, a kind and a day (macro contact_tables). -#}
select
    cast(null as bigint) as alf_e,
    cast(null as varchar) as source,
    cast(null as varchar) as kind,
    cast(null as date) as event_date,
    cast(null as varchar) as refresh
where false
{%- for each in contact_tables() %}
{%- do source('databank', each.dataset) %}
{%- for refresh in refreshes_of(each.dataset)[-1:] %}
union all
select
    cast({{ each.alf }} as bigint),
    '{{ each.dataset }}',
    {{ each.kind }},
    cast({{ each.day }} as date),
    '{{ refresh }}'
from {{ each.tables | replace('*', refresh) }}
{%- endfor %}
{%- endfor %}
