{#
Columns of contact with hospitals before the index date, for the people of one cohort of int_health_cohorts, by what is
known of the whole time looked at. CTEs that end in `followed`: the cohort's columns, and one a kind of contact, way of
admission or condition.

days: kinds of contact (int_contacts) and ways of admission (var admission_methods) whose days are counted
conditions: of var health_conditions, whether there was any admission with one
#}
{% macro health_before(cohort, days, conditions) -%}
{%- set kinds = days | select('in', ['hospital', 'emergency', 'outpatient']) | list -%}
{%- set methods = days | reject('in', kinds) | list -%}
cohort as (
    select * exclude (cohort)
    from {{ ref('int_health_cohorts') }}
    where cohort = '{{ cohort }}'
),

-- How far each kind of contact is known; a kind without any stands in no source that is built.
known as (
    select
        {%- for kind in ['hospital', 'emergency', 'outpatient'] %}
        max(known_until) filter (where kind = '{{ kind }}') as {{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_contacts') }}
    where kind in ('hospital', 'emergency', 'outpatient')
),

-- Days, so that copies of a row count once.
contacts as (
    select
        cohort.nation,
        cohort.refresh,
        cohort.alf_e,
        {%- for kind in kinds %}
        count(distinct event_date) filter (where kind = '{{ kind }}') as {{ kind }}_days{{ ',' if not loop.last }}
        {%- endfor %}
    from cohort
    join {{ ref('int_contacts') }} as events
        on events.alf_e = cohort.alf_e
        and events.event_date >= cohort.followed_from and events.event_date < cohort.index_date
    where events.kind in ({{ quoted(kinds) }})
    group by all
),

admissions as (
    select
        cohort.nation,
        cohort.refresh,
        cohort.alf_e,
        {%- for method in methods %}
        count(distinct event_date) filter (where is_{{ method | replace('_admission', '') }}) as {{ method }}_days,
        {%- endfor %}
        {%- for condition in conditions %}
        bool_or(has_{{ condition }}) as has_{{ condition }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cohort
    join {{ ref('stg_contacts__admissions') }} as events
        on events.alf_e = cohort.alf_e
        and events.event_date >= cohort.followed_from and events.event_date < cohort.index_date
    group by all
),

followed as (
    select
        cohort.*,
        {%- for each in days %}
        {%- set kind = each if each in kinds else 'hospital' %}
        case when known.{{ kind }} >= cohort.index_date - 1 then coalesce({{ each }}_days, 0) end as {{ each }}_days,
        {%- endfor %}
        {%- for condition in conditions %}
        case when known.hospital >= cohort.index_date - 1 then coalesce(has_{{ condition }}, false) end
            as has_{{ condition }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cohort
    cross join known
    left join contacts using (nation, refresh, alf_e)
    left join admissions using (nation, refresh, alf_e)
)
{%- endmacro %}
