with starts as (
    select
        nation,
        refresh,
        source,
        source_refresh,
        case_id,
        child_key,
        min(child_id) as child_id,
        any_value(case_start_date) as started,
        any_value(gender) as gender,
        any_value(week_of_birth) as week_of_birth,
        any_value(local_authority) as local_authority,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_subjects') }}
    where law_type = 'Private' and case_start_date is not null
    group by all
    having started + interval '{{ var("participation_months") }} months' <= {{ data_end('refresh') }}
),

names as (
    select
        legal_output,
        {%- for kind, pattern in var('participation_patterns').items() %}
        regexp_matches(lower(legal_output), '{{ pattern }}') as {{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (select distinct legal_output from {{ outputs_of_children_and_cases() }})
),

indications as (
    select
        outputs.source,
        outputs.refresh as source_refresh,
        outputs.case_id,
        outputs.person_id,
        outputs.date_ordered,
        {%- for kind in var('participation_patterns') %}
        {{ "coalesce(is_fpr_16_4, false) or " if kind == 'rule_16_4' }}coalesce({{ kind }}, false) as {{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ outputs_of_children_and_cases() }} as outputs
    left join names using (legal_output)
    where outputs.is_fpr_16_4 or {{ var('participation_patterns') | join(' or ') }}
),

shown as (
    select
        starts.refresh,
        starts.source,
        starts.case_id,
        starts.child_key,
        {%- for kind in var('participation_patterns') %}
        bool_or(indications.{{ kind }}) as {{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from starts
    join indications
        on indications.source = starts.source and indications.source_refresh = starts.source_refresh
        and indications.case_id = starts.case_id
    where (indications.person_id = starts.child_id or indications.person_id is null)
        and indications.date_ordered between starts.started
        and starts.started + interval '{{ var("participation_months") }} months'
    group by all
),

children as (
    select
        starts.* exclude (child_id, week_of_birth),
        count(*) over (partition by starts.nation, starts.refresh, starts.source, starts.case_id) = 1 as is_alone,
        {{ age_band_of("date_diff('day', starts.week_of_birth, starts.started)") }} as age_band,
        {%- for kind in var('participation_patterns') %}
        coalesce(shown.{{ kind }}, false) as {{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from starts
    left join shown using (refresh, source, case_id, child_key)
),

categories as (
    select
        refresh,
        nation,
        {{ case_number() }} as case_number,
        is_alone,
        {%- for kind in var('participation_patterns') %}
        {{ kind }},
        {%- endfor %}
        {{ years_and_categories_of('started', {
            'region': 'region', 'local_authority': 'local_authority', 'dfj_area': 'dfj_area', 'circuit': 'circuit',
            'sex': 'gender', 'age_band': 'age_band',
        }) }}
    from children
)
{% set any = var('participation_patterns') | join(' or ') %}
select
    refresh,
    nation,
    year_kind,
    year,
    dimension,
    category,
    count(*) as children,
    {%- for kind in var('participation_patterns') %}
    count_if({{ kind }}) as children_{{ kind }},
    {%- endfor %}
    count_if({{ any }}) as children_any,
    count_if({{ any }}) / count(*) as share_of_children,
    {{ count_of_cases() }} as cases,
    {{ count_of_cases(any) }} as cases_any,
    {{ count_of_cases(any) }} / {{ count_of_cases() }} as share_of_cases
from categories
group by all
