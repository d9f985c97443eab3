{#- One row a linked person and application, with what is known of hospitals in the window around it. -#}
{%- set kinds = ['hospital', 'emergency', 'outpatient'] -%}
{%- set months = "interval '" ~ var('contact_window_months') ~ " months'" -%}
with
{{ editions() }},

linked as (
    select source, refresh as source_refresh, person_id, alf_e, gender, week_of_birth
    from {{ ref('int_people') }}
    where alf_e is not null and alf_status in ({{ quoted(var('followed_match_statuses')) }})
),

-- Somebody under two ids on one application stands once.
cohort as (
    select
        editions.nation,
        editions.refresh,
        roles.source,
        editions.source_refresh,
        linked.person_id,
        linked.alf_e,
        roles.application_id,
        roles.case_id,
        roles.law_type,
        roles.application_date,
        roles.primary_role,
        linked.gender,
        {{ completed_years('linked.week_of_birth', 'roles.application_date') }} as age_at_application,
        cast(roles.application_date - {{ months }} as date) as window_start,
        cast(roles.application_date + {{ months }} as date) - 1 as window_end,
        deaths.death_date
    from {{ ref('int_roles') }} as roles
    join editions on editions.source = roles.source and editions.source_refresh = roles.refresh
    join linked
        on linked.source = roles.source and linked.source_refresh = roles.refresh
        and linked.person_id = roles.person_id
    left join {{ ref('stg_reference__deaths') }} as deaths on deaths.alf_e = linked.alf_e
    where roles.application_date <= {{ data_end('editions.refresh') }}
    qualify row_number() over (
        partition by editions.nation, editions.refresh, linked.alf_e,
            {{ 'roles.law_type' if var('contact_cohort') == 'first_in_law_type' else 'roles.source, roles.application_id' }}
        order by roles.application_date, roles.source, roles.application_id, linked.person_id
    ) = 1
),

-- How far each kind of contact is known; a kind without any stands in no source that is built.
known as (
    select
        {%- for kind in kinds %}
        max(known_until) filter (where kind = '{{ kind }}') as {{ kind }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_contacts') }}
    where kind in ({{ quoted(kinds) }})
),

windows as (
    select distinct alf_e, application_date, window_start, least(window_end, death_date) as window_end
    from cohort
),

-- Days, so that copies of a row count once.
counted as (
    select
        windows.alf_e,
        windows.application_date,
        {%- for kind in kinds %}
        {%- for side, comparison in {'before': '<', 'after': '>='}.items() %}
        count(distinct contacts.event_date)
            filter (where kind = '{{ kind }}' and event_date {{ comparison }} application_date) as {{ kind }}_{{ side }},
        {%- endfor %}
        {%- endfor %}
    from windows
    join {{ ref('int_contacts') }} as contacts
        on contacts.alf_e = windows.alf_e
        and contacts.event_date between windows.window_start and windows.window_end
    where contacts.kind in ({{ quoted(kinds) }})
    group by all
)

select
    cohort.*,
    {%- for kind in kinds %}
    case when known.{{ kind }} >= window_start then coalesce({{ kind }}_before, 0) end as {{ kind }}_before,
    case when known.{{ kind }} >= application_date then coalesce({{ kind }}_after, 0) end as {{ kind }}_after,
    case when known.{{ kind }} >= window_start then coalesce({{ kind }}_before + {{ kind }}_after, 0) > 0 end
        as has_{{ kind }},
    case when known.{{ kind }} is not null then least(window_end, death_date, known.{{ kind }}) end
        as {{ kind }}_followed_until{{ ',' if not loop.last }}
    {%- endfor %}
from cohort
cross join known
left join counted using (alf_e, application_date)
