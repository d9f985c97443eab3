{# Texts of a var as a list for SQL's IN, lower case. #}
{% macro quoted(texts) -%}
    {%- for text in texts %}'{{ text | lower | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{# The nation whose family justice system a source system is of. #}
{% macro nation_of(source) -%}
    case {{ source }} when 'cymru' then 'Wales' else 'England' end
{%- endmacro %}

{# Who a person is over source systems: by linking field where linked under a status of var, else within the source. #}
{% macro person_key() -%}
    case
        when alf_e is not null and alf_status in ({{ quoted(var('followed_match_statuses')) }}) then 'alf ' || alf_e
        else source || ' ' || person_id
    end
{%- endmacro %}

{#
Years of a day by categories: one row a kind of year (var mart_year_kinds: calendar, or financial from 1 April, named by
the calendar year in which it begins) and dimension. In one UNNEST, for DuckDB would zip two instead of crossing them.
#}
{% macro years_and_categories_of(day, dimensions) -%}
    {%- set years = {'calendar': 'year(' ~ day ~ ')', 'financial': 'year(' ~ day ~ ' - interval 3 months)'} -%}
    unnest([
        {%- for kind in var('mart_year_kinds') %}
        {%- set year = "year_kind: '" ~ kind ~ "', year: " ~ years[kind] %}
        {{ '{' ~ year }}, dimension: 'all', category: 'all'}
        {%- for dimension, category in dimensions.items() if dimension in var('mart_dimensions') %},
        {{ '{' ~ year }}, dimension: '{{ dimension }}', category: coalesce(cast({{ category }} as varchar), 'unknown')}
        {%- endfor %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    ], recursive := true)
{%- endmacro %}

{# The calendar year whose births or population a year is held against, by var denominator_year_offset. #}
{% macro denominator_year(year_kind, year) -%}
    case {{ year_kind }}
        {%- for kind, offset in var('denominator_year_offset').items() %}
        when '{{ kind }}' then {{ year }} + {{ offset }}
        {%- endfor %}
    end
{%- endmacro %}

{# One row a dimension of var mart_dimensions: {dimension: SQL}, a missing category is 'unknown'; 'all' always. #}
{% macro categories_of(dimensions) -%}
    unnest([
        {dimension: 'all', category: 'all'}
        {%- for dimension, category in dimensions.items() if dimension in var('mart_dimensions') %},
        {dimension: '{{ dimension }}', category: coalesce(cast({{ category }} as varchar), 'unknown')}
        {%- endfor %}
    ], recursive := true)
{%- endmacro %}

{# Quintile of deprivation, 1 most deprived, of a joined row of deprivation; only where the area lies in the nation. #}
{% macro quintile_within(nation, deprivation) -%}
    case when {{ deprivation }}.nation = {{ nation }} then {{ deprivation }}.quintile end
{%- endmacro %}

{#
A denominator by nation, year and category of the dimensions all, region and local_authority, from a relation with the
columns la_cd, year and the measure. Nothing for an area that the list does not have, nor for any region in a year in
which there is one, such as a former code: nobody can say which region lacks it.
#}
{% macro denominator_by_area(relation, measure) -%}
    select nation, denominator_year, dimension, category, sum(denominator) as denominator
    from (
        select
            nation,
            year as denominator_year,
            {{ measure }} as denominator,
            is_whole,
            {{ categories_of({'region': 'region_nm', 'local_authority': 'la_nm'}) }}
        from (
            select
                given.*,
                codes.la_nm,
                codes.region_nm,
                case left(given.la_cd, 1) when 'W' then 'Wales' else 'England' end as nation,
                bool_and(codes.la_nm is not null) over (partition by left(given.la_cd, 1), given.year) as is_whole
            from {{ relation }} as given
            left join {{ ref('local_authorities') }} as codes using (la_cd)
        )
    )
    where category <> 'unknown' and (dimension <> 'region' or is_whole)
    group by all
{%- endmacro %}

{# The outcomes that a legal output may be, in the order of var order_precedence: highest first. #}
{% macro outcome_rank(outcome) -%}
    list_position([{{ quoted(var('order_precedence')) }}], {{ outcome }})
{%- endmacro %}

{#
Survival by Kaplan and Meier with Greenwood's standard error (none once nobody is left): one row a group and day of
follow-up on which anything happened. `relation` has the columns of `groups`, `days` and `is_event` (false: censored on that day, after its events).
#}
{% macro kaplan_meier(relation, groups) -%}
    {%- set by = groups | join(', ') -%}
    select
        {{ by }},
        days,
        at_risk,
        events,
        censored,
        sum(events) over so_far as events_so_far,
        {%- set product = 'exp(sum(ln(nullif(1 - events / at_risk, 0))) over so_far)' %}
        case when min(at_risk - events) over so_far = 0 then 0 else round({{ product }}, 9) end as survival,
        case when min(at_risk - events) over so_far > 0 then
            round({{ product }} * sqrt(sum(events / (at_risk * nullif(at_risk - events, 0))) over so_far), 9)
        end as standard_error
    from (
        select
            {{ by }},
            days,
            sum(count(*)) over (partition by {{ by }} order by days desc) as at_risk,
            count_if(is_event) as events,
            count_if(not is_event) as censored
        from {{ relation }}
        group by {{ by }}, days
    )
    window so_far as (partition by {{ by }} order by days rows unbounded preceding)
{%- endmacro %}

{# The day after which nothing is known of a nation: var data_end, else the refresh date. #}
{% macro data_end(refresh) -%}
    {%- if var('data_end') -%} date '{{ var("data_end") }}' {%- else -%} cast(strptime({{ refresh }}, '%Y%m%d') as date) {%- endif -%}
{%- endmacro %}

{# Bands of children's ages, in completed years from days: the lower bounds are var child_age_bands. #}
{% macro age_band_of(days) -%}
    {{ year_band_of('cast(floor(' ~ days ~ ' / 365.25) as integer)', var('child_age_bands')) }}
{%- endmacro %}

{# Bands of completed years from their lower bounds: `0`, `1-4`, …, `45 and over`, unknown. #}
{% macro year_band_of(age, bounds) -%}
    case
        {%- for lower in bounds[:-1] %}
        {%- set upper = bounds[loop.index] - 1 %}
        when {{ age }} between {{ lower }} and {{ upper }} then '{{ lower if lower == upper else lower ~ "-" ~ upper }}'
        {%- endfor %}
        when {{ age }} >= {{ bounds[-1] }} then '{{ bounds[-1] }} and over'
        else 'unknown'
    end
{%- endmacro %}

{# A case as one number over sources, for counting distinct ones: ids have at most 14 digits, so it fits a BIGINT. #}
{% macro case_number() -%}
    (case_id * 4 + list_position(['ecms', 'cms', 'cymru'], source))
{%- endmacro %}

{#
Distinct cases by case_number among rows that meet a condition. A case with one row (is_alone) is counted as it comes, for
counting distinct ones costs the most of a mart of counts.
#}
{% macro count_of_cases(condition='true') -%}
    (count_if(is_alone and ({{ condition }}))
        + count(distinct case_number) filter (not is_alone and ({{ condition }})))
{%- endmacro %}

{# Legal outputs of every system: for a child where that is known, and those of CMS for a case, without a child. #}
{% macro outputs_of_children_and_cases() -%}
(
    select source, refresh, person_id, case_id, application_id, legal_output, date_ordered, is_fpr_16_4
    from {{ ref('int_legal_outputs') }}
    union all by name
    select source, refresh, case_id, legal_output, date_ordered
    from {{ ref('int_case_legal_outputs') }}
    where source = 'cms'
)
{%- endmacro %}

{#
CTEs that end in `editions`: which refresh of each source system belongs to each look at a nation. A nation is looked at
as of each refresh of its system in use; a system that came before goes with every one of them.
#}
{% macro editions() -%}
sources as (
    select distinct source, refresh, {{ nation_of('source') }} as nation, source = 'cms' as is_former
    from {{ ref('int_cases') }}
),

leads as (
    select nation, refresh
    from sources
    qualify is_former = min(is_former) over (partition by nation)
),

editions as (
    select
        nation,
        leads.refresh,
        sources.source,
        coalesce(
            max(sources.refresh) filter (sources.refresh <= leads.refresh), min(sources.refresh)
        ) as source_refresh
    from leads
    join sources using (nation)
    group by all
)
{%- endmacro %}
