{#- A view: a source's events are many, and stand curated already. -#}
{{ config(materialized='view') }}
with newest as (
    select source, max(refresh) as refresh
    from {{ ref('int_people') }}
    group by source
),

applications as (
    select
        people.alf_e,
        case roles.source when 'cymru' then 'cafcass_cymru' else 'cafcass_england_' || roles.source end as source,
        'application' as kind,
        roles.application_date as event_date,
        roles.refresh
    from {{ ref('int_roles') }} as roles
    join newest using (source, refresh)
    join {{ ref('int_people') }} as people using (source, refresh, person_id)
),

united as (
    from {{ ref('stg_contacts__events') }}
    union all by name
    from applications
)

select alf_e, source, kind, event_date, {{ data_end('refresh') }} as known_until
from united
where alf_e is not null and event_date <= {{ data_end('refresh') }}
