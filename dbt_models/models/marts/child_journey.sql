with applications as (
    select distinct
        nation, refresh, source, source_refresh, child_key, child_id, case_id, application_id, law_type,
        application_date, application_completed, application_type, week_of_birth
    from {{ ref('int_subjects') }}
),

on_cases as (
    select
        nation, refresh, source, source_refresh, child_key, child_id, case_id,
        any_value(law_type) as law_type,
        any_value(week_of_birth) as week_of_birth,
        min(application_date) as first_date
    from applications
    group by all
),

events as (
    select
        nation, refresh, source, child_key, case_id, application_id, law_type, week_of_birth,
        application_date as event_date, 'application' as event, application_type as detail, 1 as step
    from applications
    union all by name
    select
        nation, refresh, source, child_key, case_id, application_id, law_type, week_of_birth,
        application_completed as event_date, 'completion' as event, application_type as detail, 4 as step
    from applications
    union all by name
    select
        nation, on_cases.refresh, on_cases.source, child_key, on_cases.case_id, application_id, law_type, week_of_birth,
        date_ordered as event_date, 'legal output' as event, legal_output as detail, 3 as step
    from on_cases
    join {{ outputs_of_children_and_cases() }} as outputs
        on outputs.source = on_cases.source and outputs.refresh = on_cases.source_refresh
        and outputs.case_id = on_cases.case_id
    where outputs.person_id = on_cases.child_id or outputs.person_id is null
    union all by name
    select
        nation, on_cases.refresh, on_cases.source, child_key, on_cases.case_id, law_type, week_of_birth,
        hearing_date as event_date, 'hearing' as event, hearing_type as detail, 2 as step
    from on_cases
    join {{ ref('int_hearings') }} as hearings
        on hearings.source = on_cases.source and hearings.refresh = on_cases.source_refresh
        and hearings.case_id = on_cases.case_id
    where hearing_date >= first_date
)

select
    nation,
    refresh,
    child_key,
    row_number() over journey as event_number,
    event_date,
    event,
    detail,
    law_type,
    source,
    case_id,
    application_id,
    {{ completed_years('week_of_birth', 'event_date') }} as age,
    date_diff('day', lag(event_date) over journey, event_date) as days_since_previous
from events
where event_date is not null
window journey as (
    partition by nation, refresh, child_key
    order by event_date, step, source, case_id, application_id nulls first, detail nulls first
)
