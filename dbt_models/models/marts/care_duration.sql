{%- set weeks = var('care_duration_limit_weeks') -%}
with cases as (
    select
        nation,
        refresh,
        source,
        case_id,
        {%- if var('care_duration_from') == 'first_application' %}
        min(case_start_date) as started,
        {%- else %}
        min(s31_date) as started,
        {%- endif %}
        case when bool_and(completed_date is not null) then max(completed_date) end as completed,
        any_value(local_authority) as local_authority,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_s31_children') }}
    group by all
),

disposals as (
    select nation, refresh, source, case_id, min(first_disposal_date) as disposed
    from {{ ref('legal_outcomes') }}
    group by all
),

clocks as (
    select *, 'completion' as clock, completed as ended
    from cases
    where completed is not null
    union all by name
    select cases.*, 'first disposal' as clock, disposed as ended
    from cases
    join disposals using (nation, refresh, source, case_id)
    where completed is not null and disposed is not null
),

categories as (
    select
        nation,
        refresh,
        clock,
        cast(date_trunc('quarter', ended) as date) as quarter,
        date_diff('day', started, ended) as days,
        {{ categories_of({
            'region': 'region', 'local_authority': 'local_authority', 'dfj_area': 'dfj_area', 'circuit': 'circuit',
        }) }}
    from clocks
    where started <= ended
)

select
    refresh,
    nation,
    clock,
    quarter,
    dimension,
    category,
    count(*) as cases,
    avg(days) / 7 as mean_weeks,
    median(days) / 7 as median_weeks,
    count_if(days <= {{ weeks }} * 7) as within_limit,
    count_if(days <= {{ weeks }} * 7) / count(*) as share_within_limit
from categories
group by all
