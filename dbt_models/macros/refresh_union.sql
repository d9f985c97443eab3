{# The refreshes of a dataset that are to be built, checked, since they become part of table names. #}
{% macro refreshes_of(dataset) %}
    {%- set refreshes = var('refreshes').get(dataset) or [] -%}
    {%- for refresh in refreshes if not modules.re.fullmatch('[0-9]{8}', refresh | string) -%}
        {{ exceptions.raise_compiler_error("vars: a refresh of " ~ dataset ~ " is not YYYYMMDD") }}
    {%- endfor -%}
    {{ return(refreshes | map('string') | sort) }}
{% endmacro %}

{#
One source table over all refreshes that are built, renamed and cast; an empty relation where there is none.

SAIL's tables carry the refresh date in their names, which a dbt source cannot: so the source stands for the dataset's
curated stage as a whole (lineage, for Dagster too), and the dated names are made here. The names have no catalogue,
so that the views work under whatever alias the lake is attached.

columns: {new name: [SAIL's name, SQL type]}
dated: whether SAIL's name carries the refresh date; without one the newest refresh's rows stand for each.
newest: whether the newest refresh alone is read.
#}
{% macro refresh_union(dataset, schema, table, columns, dated=true, newest=false) %}
    {%- do source('databank', dataset) -%}
    {%- for refresh in (refreshes_of(dataset)[-1:] if newest else refreshes_of(dataset)) %}
select
    {%- for name, (given, type) in columns.items() %}
    cast({{ given }} as {{ type }}) as {{ name }},
    {%- endfor %}
    '{{ refresh }}' as refresh
from {{ schema }}.{{ table }}{{ '_' ~ refresh if dated }}
    {%- if not loop.last %}
union all
    {%- endif %}
    {%- else %}
select
    {%- for name, (given, type) in columns.items() %}
    cast(null as {{ type }}) as {{ name }},
    {%- endfor %}
    cast(null as varchar) as refresh
where false
    {%- endfor %}
{% endmacro %}
