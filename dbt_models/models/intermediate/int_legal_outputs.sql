with ecms as (
    select
        'ecms' as source,
        outputs.refresh,
        outputs.legal_output_id,
        outputs.person_id,
        outputs.case_id,
        outputs.application_id,
        outputs.legal_output_type_id,
        types.name as legal_output,
        outputs.date_ordered,
        outputs.is_fpr_16_4
    from {{ ref('stg_cafe_ecms__legal_outputs') }} as outputs
    {{ join_lookup('types', 'legal output type', 'ecms', 'outputs.refresh', 'outputs.legal_output_type_id') }}
),

cymru as (
    select
        'cymru' as source,
        refresh,
        order_id as legal_output_id,
        person_id,
        application_id as case_id,
        application_id,
        {{ clean_name('order_type') }} as legal_output,
        order_date as date_ordered
    from {{ ref('stg_cafw__orders') }}
),

united as (
    from ecms
    union all by name
    from cymru
),

once as (
    select
        source, refresh, min(legal_output_id) as legal_output_id, person_id, case_id, application_id,
        legal_output_type_id, legal_output, date_ordered, is_fpr_16_4, count(*) as copies
    from united
    group by all
)

{{ with_output_groups('once') }}
