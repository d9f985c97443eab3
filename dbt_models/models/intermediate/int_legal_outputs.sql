with ecms as (
    select
        'ecms' as source,
        outputs.refresh,
        outputs.legal_output_id,
        outputs.person_id,
        outputs.case_id,
        outputs.application_id,
        outputs.legal_output_type_id,
        {{ clean_name('types.name') }} as legal_output,
        outputs.date_ordered,
        outputs.is_fpr_16_4
    from {{ ref('stg_cafe_ecms__legal_outputs') }} as outputs
    left join {{ ref('stg_cafe_ecms__legal_output_types') }} as types using (refresh, legal_output_type_id)
),

cymru as (
    select
        'cymru' as source,
        refresh,
        order_id as legal_output_id,
        person_id,
        application_id as case_id,
        application_id,
        cast(null as bigint) as legal_output_type_id,
        {{ clean_name('order_type') }} as legal_output,
        order_date as date_ordered,
        cast(null as boolean) as is_fpr_16_4
    from {{ ref('stg_cafw__orders') }}
),

united as (
    from ecms
    union all
    from cymru
),

once as (
    select
        source, refresh, min(legal_output_id) as legal_output_id, person_id, case_id, application_id,
        legal_output_type_id, legal_output, date_ordered, is_fpr_16_4, count(*) as copies
    from united
    group by all
),

groups as (
    select names.legal_output, arg_min(patterns.output_group, patterns.precedence) as output_group
    from (select distinct legal_output from once) as names
    join {{ ref('legal_output_groups') }} as patterns
        on regexp_matches(lower(names.legal_output), patterns.pattern)
    group by all
)

select once.*, coalesce(groups.output_group, 'none') as output_group
from once
left join groups using (legal_output)
