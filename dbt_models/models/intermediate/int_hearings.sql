with ecms as (
    select
        'ecms' as source,
        hearings.refresh,
        hearings.hearing_id,
        hearings.case_id,
        hearings.hearing_date,
        courts.court_id,
        courts.dfj_area_id,
        courts.circuit_id
    from {{ ref('stg_cafe_ecms__hearings') }} as hearings
    left join {{ ref('int_courts') }} as courts
        on courts.source = 'ecms' and courts.refresh = hearings.refresh
        and courts.court_level_ref_id = hearings.court_level_ref_id
),

-- CMS names a hearing only where something was ordered at it: the others are lost, and each hearing's court.
cms as (
    select
        'cms' as source,
        outputs.refresh,
        outputs.case_hearing_id as hearing_id,
        min(outputs.case_id) as case_id,
        min(outputs.legal_order_hearing_date) as hearing_date
    from {{ ref('stg_cafe_cms__legal_outputs') }} as outputs
    anti join {{ ref('int_carried_over') }} as carried
        on carried.cms_refresh = outputs.refresh and carried.cms_case_id = outputs.case_id
    where outputs.case_hearing_id is not null
    group by outputs.refresh, outputs.case_hearing_id
),

cymru as (
    select
        'cymru' as source,
        refresh,
        hearing_id,
        application_id as case_id,
        hearing_date,
        {{ clean_name('hearing_type') }} as hearing_type
    from {{ ref('stg_cafw__hearings') }}
),

united as (
    from ecms
    union all by name
    from cms
    union all by name
    from cymru
)

select
    source,
    refresh,
    min(hearing_id) as hearing_id,
    case_id,
    hearing_date,
    court_id,
    dfj_area_id,
    circuit_id,
    hearing_type,
    count(*) as copies
from united
group by all
