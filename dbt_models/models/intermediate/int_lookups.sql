{%- set lookups = {
    'application type': [['ecms', 'stg_cafe_ecms__application_types', 'application_type_id', 'name'],
                         ['cms', 'stg_cafe_cms__application_types', 'application_type_id', 'name']],
    'legal output type': [['ecms', 'stg_cafe_ecms__legal_output_types', 'legal_output_type_id', 'name'],
                          ['cms', 'stg_cafe_cms__legal_output_types', 'legal_output_type_id', 'name']],
    'relationship type': [['ecms', 'stg_cafe_ecms__relationship_types', 'relationship_type_id', 'name'],
                          ['cms', 'stg_cafe_cms__relationship_types', 'relationship_type_id', 'name']],
    'ethnicity': [['ecms', 'stg_cafe_ecms__ethnicity_types', 'ethnicity_type_id', 'name'],
                  ['cms', 'stg_cafe_cms__ethnic_origins', 'ethnic_origin_id', 'name']],
    'case status': [['ecms', 'stg_cafe_ecms__case_statuses', 'case_status_id', 'name'],
                    ['cms', 'stg_cafe_cms__case_statuses', 'case_status_id', 'name']],
    'law type': [['ecms', 'stg_cafe_ecms__law_types', 'law_type_id', 'caption'],
                 ['cms', 'stg_cafe_cms__law_types', 'law_type_id', 'caption']],
    'local authority': [['ecms', 'stg_cafe_ecms__local_authorities', 'local_authority_id', 'name'],
                        ['cms', 'stg_cafe_cms__local_authorities', 'local_authority_id', 'name'],
                        ['cymru', 'stg_cafw__local_authorities', 'local_authority_id', 'name']],
} -%}
with given as (
    {%- for lookup, tables in lookups.items() %}
    {%- set outer = loop %}
    {%- for source, model, code, name in tables %}
    select '{{ source }}' as source, refresh, '{{ lookup }}' as lookup, {{ code }} as code, {{ name }} as name_given
    from {{ ref(model) }}
    {{ 'union all' if not (loop.last and outer.last) }}
    {%- endfor %}
    {%- endfor %}
),

cleaned as (
    select distinct *, {{ clean_name('name_given') }} as name_of_refresh from given
)

select
    source,
    refresh,
    lookup,
    code,
    name_given,
    name_of_refresh,
    first_value(name_of_refresh) over (partition by source, lookup, code order by refresh desc) as name
from cleaned
