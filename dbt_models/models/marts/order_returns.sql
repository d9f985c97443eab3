with first_outcomes as (
    select *, {{ data_end('refresh') }} as data_ends
    from {{ ref('legal_outcomes') }}
    where set_number = 1
),

returns as (
    select children.nation, children.refresh, children.child_key, min(children.s31_date) as return_date
    from {{ ref('int_s31_children') }} as children
    join first_outcomes using (nation, refresh, child_key)
    where children.s31_date > first_outcomes.completed_date
    group by all
),

followed as (
    select
        first_outcomes.*,
        coalesce(return_date <= data_ends, false) as is_event,
        date_diff('day', completed_date, least(coalesce(return_date, data_ends), data_ends)) as days
    from first_outcomes
    left join returns using (nation, refresh, child_key)
    where completed_date <= data_ends
),

categories as (
    select
        nation,
        refresh,
        case when supervision_alone then 'supervision' else highest_outcome end as first_outcome,
        days,
        is_event,
        {{ categories_of({
            'age_band': 'age_band', 'sex': 'gender', 'region': 'region', 'circuit': 'circuit',
        }) }}
    from followed
)

{{ kaplan_meier('categories', ['nation', 'refresh', 'first_outcome', 'dimension', 'category']) }}
