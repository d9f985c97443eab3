with outcomes as (
    select names.legal_output, arg_min(patterns.outcome, patterns.precedence) as outcome
    from (select distinct legal_output from {{ outputs_of_children_and_cases() }}) as names
    join {{ ref('outcome_patterns') }} as patterns on regexp_matches(lower(names.legal_output), patterns.pattern)
    group by all
    having outcome <> 'none'
),

completed as (
    select * from {{ ref('int_s31_children') }} where completed_date is not null
),

outputs as (
    select outputs.source, outputs.refresh as source_refresh, outputs.case_id, person_id, outcome, date_ordered, law_type
    from {{ outputs_of_children_and_cases() }} as outputs
    join outcomes using (legal_output)
    left join {{ ref('int_applications') }} as applications using (source, refresh, application_id)
),

-- What was ordered after the proceedings were completed, in a case that was opened again, is not their outcome.
-- Cymru knows no cases: there all that was ordered for the child in public law while the proceedings ran is of them.
-- Outputs without a child (CMS gives them by case) are of every child of the case.
ordered as (
    select nation, refresh, completed.source, completed.case_id, child_key, outcome, date_ordered
    from completed
    join outputs
        on outputs.source = completed.source and outputs.source_refresh = completed.source_refresh
        and outputs.person_id = completed.child_id
    where (outputs.date_ordered is null or outputs.date_ordered <= completed.completed_date)
        and (
            outputs.case_id = completed.case_id
            or (completed.source = 'cymru' and outputs.law_type = 'Public' and outputs.date_ordered >= completed.s31_date)
        )
    union all
    select nation, refresh, completed.source, completed.case_id, child_key, outcome, date_ordered
    from completed
    join outputs
        on outputs.source = completed.source and outputs.source_refresh = completed.source_refresh
        and outputs.case_id = completed.case_id
    where outputs.person_id is null
        and (outputs.date_ordered is null or outputs.date_ordered <= completed.completed_date)
),

flags as (
    select
        nation,
        refresh,
        source,
        case_id,
        child_key,
        {%- for outcome in var('order_precedence') %}
        bool_or(outcome = '{{ outcome }}') as any_{{ outcome }},
        {%- endfor %}
        arg_min(outcome, {{ outcome_rank('outcome') }}) as highest_outcome,
        min(date_ordered) as first_disposal_date,
        max(date_ordered) as last_order_date
    from ordered
    group by all
)

select
    completed.nation,
    completed.refresh,
    completed.source,
    completed.case_id,
    completed.child_key,
    completed.set_number,
    completed.s31_date,
    completed.completed_date,
    {%- for outcome in var('order_precedence') %}
    coalesce(flags.any_{{ outcome }}, false) as any_{{ outcome }},
    {%- endfor %}
    coalesce(flags.highest_outcome, 'not recorded') as highest_outcome,
    coalesce(any_supervision, false) and not coalesce(
        {%- for outcome in var('order_precedence') if outcome not in ('supervision', 'no_order', 'withdrawn', 'refused', 'discharge') %}
        any_{{ outcome }}{{ ' or ' if not loop.last }}
        {%- endfor %}, false
    ) as supervision_alone,
    flags.first_disposal_date,
    flags.last_order_date,
    completed.mother_key,
    completed.gender,
    {{ age_band_of('completed.least_days_old') }} as age_band,
    completed.local_authority,
    completed.region,
    completed.dfj_area,
    completed.circuit,
    {{ quintile_within('completed.nation', 'deprivation') }} as mother_quintile
from completed
left join flags using (nation, refresh, source, case_id, child_key)
left join {{ ref('int_deprivation') }} as deprivation
    on deprivation.lsoa = completed.mother_lsoa
