{# A reference table's rows, of each key the one of the newest vintage. #}
{% macro newest_vintage(table, key) -%}
select *
from {{ source('reference', table) }}
qualify row_number() over (partition by {{ key | join(', ') }} order by vintage desc nulls last) = 1
{%- endmacro %}
