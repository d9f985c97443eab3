with hearings as (
    select
        source,
        refresh,
        case_id,
        arg_min(
            {court_id: court_id, dfj_area_id: dfj_area_id, circuit_id: circuit_id}, (hearing_date, hearing_id)
        ) filter (court_id is not null and hearing_date is not null) as first_court,
        arg_max(
            {court_id: court_id, dfj_area_id: dfj_area_id, circuit_id: circuit_id}, (hearing_date, hearing_id)
        ) filter (court_id is not null and hearing_date is not null) as last_court,
        min(hearing_date) as hearing_first_date,
        max(hearing_date) as hearing_last_date,
        count(*) as hearing_count
    from {{ ref('int_hearings') }}
    group by all
),

orders as (
    select
        source,
        refresh,
        case_id,
        max(date_ordered) as final_order_date,
        {%- for group in ['dis_ono', 'fao_so', 'ro_sgo_cao', 'co_sao', 'po'] %}
        cast(bool_or(output_group = '{{ group }}') as integer) as any_final_order_{{ group }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_case_legal_outputs') }}
    where output_group <> 'none'
    group by all
)

select
    cases.case_id,
    cases.local_authority_id as la_id,
    cases.case_start_date,
    cases.case_status,
    {%- for level in ['court', 'dfj_area', 'circuit'] %}
    {%- for end in ['first', 'last'] %}
    case when hearings.{{ end }}_court is null then cases.{{ level }}_id else hearings.{{ end }}_court.{{ level }}_id end
        as {{ end }}_{{ level }}_id,
    {%- endfor %}
    {%- endfor %}
    hearings.hearing_first_date,
    hearings.hearing_last_date,
    coalesce(hearings.hearing_count, 0) as hearing_count,
    orders.final_order_date,
    {%- for group in ['dis_ono', 'fao_so', 'ro_sgo_cao', 'co_sao', 'po'] %}
    coalesce(orders.any_final_order_{{ group }}, 0) as any_final_order_{{ group }},
    {%- endfor %}
    cases.refresh,
    cases.source
from {{ ref('int_cases') }} as cases
left join hearings using (source, refresh, case_id)
left join orders using (source, refresh, case_id)
