with per_child as (
    select
        source,
        refresh,
        case_id,
        legal_output,
        date_ordered,
        count(distinct person_id) as children,
        count(distinct application_id) as applications,
        sum(copies) as output_rows
    from {{ ref('int_legal_outputs') }}
    group by all
),

per_case as (
    select
        'cms' as source,
        outputs.refresh,
        outputs.case_id,
        types.name as legal_output,
        outputs.legal_order_hearing_date as date_ordered,
        count(*) as output_rows
    from {{ ref('stg_cafe_cms__legal_outputs') }} as outputs
    {{ join_lookup('types', 'legal output type', 'cms', 'outputs.refresh', 'outputs.legal_output_type_id') }}
    anti join {{ ref('int_carried_over') }} as carried
        on carried.cms_refresh = outputs.refresh and carried.cms_case_id = outputs.case_id
    group by all
),

united as (
    from per_child
    union all by name
    from per_case
)

{{ with_output_groups('united') }}
