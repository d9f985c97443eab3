{#- One row a mother, nation, refresh and rule on overlapping sets. -#}
with cases as (
    select
        nation,
        refresh,
        mother_key,
        source,
        case_id,
        min(s31_date) as issued,
        case when bool_and(completed_date is not null) then max(completed_date) end as completed,
        list(distinct child_key) as children,
        min(least_days_old) as youngest_least_days,
        min(most_days_old) as youngest_most_days,
        max(mother_week_of_birth) as mother_week_of_birth,
        min(mother_lsoa) as mother_lsoa,
        any_value(local_authority) as local_authority,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_s31_children') }}
    where mother_key is not null and s31_date <= {{ data_end('refresh') }}
    group by all
),

begun as (
    select nation, refresh, min(issued) as data_begin
    from cases
    group by all
),

-- The first case of all; whoever had it in the wash-out is no new mother.
indexes as (
    select cases.*, data_begin
    from cases
    join begun using (nation, refresh)
    qualify row_number() over (partition by nation, refresh, mother_key order by issued, source, case_id) = 1
        and issued >= data_begin + interval '{{ var("recurrence_washout_months") }} months'
),

later as (
    select
        rules.set_rule,
        indexes.nation,
        indexes.refresh,
        indexes.mother_key,
        cases.source,
        cases.case_id,
        cases.issued,
        case
            when not list_has_any(cases.children, indexes.children) then 'new child'
            when list_has_all(indexes.children, cases.children) then 'same child'
            else 'new and same child'
        end as recurrence_of,
        cases.youngest_least_days,
        cases.youngest_most_days
    from indexes
    join cases using (nation, refresh, mother_key)
    cross join (values ('overlapping is one set'), ('every case')) as rules(set_rule)
    where cases.issued > indexes.issued
        and (rules.set_rule = 'every case' or cases.issued >= indexes.completed)
),

recurrences as (
    select
        set_rule,
        nation,
        refresh,
        mother_key,
        count(*) as later_cases,
        min(issued) as recurrence_date,
        arg_min(recurrence_of, (issued, source, case_id)) as recurrence_of,
        -- Of that case even where the age is not known, which arg_min would pass over.
        arg_min_null(youngest_least_days, (issued, source, case_id)) as youngest_least_days,
        arg_min_null(youngest_most_days, (issued, source, case_id)) as youngest_most_days
    from later
    group by all
),

highest as (
    select nation, refresh, source, case_id, arg_min(highest_outcome, {{ outcome_rank('highest_outcome') }}) as outcome
    from {{ ref('legal_outcomes') }}
    where highest_outcome <> 'not recorded'
    group by all
),

followed as (
    select
        indexes.*,
        rules.set_rule,
        starts_with(indexes.mother_key, 'alf ') as is_linked,
        coalesce(highest.outcome, case when indexes.completed is null then 'open' else 'not recorded' end) as outcome,
        recurrences.recurrence_date as recurred,
        recurrences.recurrence_of,
        coalesce(recurrences.later_cases, 0) as later_cases,
        recurrences.youngest_least_days as recurrence_youngest_least_days,
        recurrences.youngest_most_days as recurrence_youngest_most_days,
        deaths.death_date,
        least(coalesce(deaths.death_date, {{ data_end('indexes.refresh') }}), {{ data_end('indexes.refresh') }}) as followed_until
    from indexes
    cross join (values ('overlapping is one set'), ('every case')) as rules(set_rule)
    left join recurrences using (set_rule, nation, refresh, mother_key)
    left join highest using (nation, refresh, source, case_id)
    left join {{ ref('stg_reference__deaths') }} as deaths on 'alf ' || deaths.alf_e = indexes.mother_key
)

select
    followed.nation,
    followed.refresh,
    set_rule,
    mother_key,
    is_linked,
    source,
    case_id as index_case_id,
    issued as index_date,
    completed as index_completed_date,
    len(children) as index_children,
    youngest_least_days as index_youngest_least_days,
    youngest_most_days as index_youngest_most_days,
    outcome as index_outcome,
    {{ completed_years('mother_week_of_birth', 'issued') }} as age_at_index,
    {{ year_band_of(completed_years('mother_week_of_birth', 'issued'), var('mother_age_bands')) }} as age_band,
    case when recurred <= greatest(followed_until, issued) then recurred end as recurrence_date,
    case when recurred <= greatest(followed_until, issued) then recurrence_of end as recurrence_of,
    case when recurred <= greatest(followed_until, issued) then recurrence_youngest_least_days end
        as recurrence_youngest_least_days,
    case when recurred <= greatest(followed_until, issued) then recurrence_youngest_most_days end
        as recurrence_youngest_most_days,
    later_cases,
    coalesce(recurred <= greatest(followed_until, issued), false) as is_recurrent,
    date_diff('day', issued, least(coalesce(recurred, followed_until), greatest(followed_until, issued))) as days,
    followed_until,
    death_date is not null as is_death_known,
    data_begin,
    local_authority,
    region,
    dfj_area,
    circuit,
    {{ quintile_within('followed.nation', 'deprivation') }} as quintile
from followed
left join {{ ref('int_deprivation') }} as deprivation
    on deprivation.lsoa = followed.mother_lsoa
