with cases as (
    select
        nation,
        refresh,
        source,
        case_id,
        min(application_date) as started,
        arg_min(child_key, (coalesce(week_of_birth, date '9999-12-31'), child_key)) as eldest_key,
        any_value(local_authority) as local_authority,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_subjects') }}
    where law_type = 'Private' and application_date is not null
    group by all
),

about as (
    select nation, refresh, source, case_id, child_key, min(application_date) as started
    from {{ ref('int_subjects') }}
    where law_type = 'Private' and application_date is not null
    group by all
),

looked_back as (
    select
        cases.nation,
        cases.refresh,
        cases.source,
        cases.case_id,
        max(about.started) as last_earlier
    from cases
    join about
        on about.nation = cases.nation and about.refresh = cases.refresh and about.child_key = cases.eldest_key
        and about.started < cases.started
        and (about.source <> cases.source or about.case_id <> cases.case_id)
        {%- if var('private_return_lookback_months') %}
        and about.started >= cases.started - interval '{{ var("private_return_lookback_months") }} months'
        {%- endif %}
    group by all
),

categories as (
    select
        refresh,
        nation,
        looked_back.case_id is not null as is_return,
        date_diff('day', last_earlier, started) as days_since,
        {{ years_and_categories_of('started', {
            'region': 'region', 'local_authority': 'local_authority', 'dfj_area': 'dfj_area', 'circuit': 'circuit',
        }) }}
    from cases
    left join looked_back using (nation, refresh, source, case_id)
)

select
    refresh,
    nation,
    year_kind,
    year,
    dimension,
    category,
    count(*) as cases,
    count_if(is_return) as returns,
    count_if(is_return) / count(*) as share_returns,
    median(days_since) / 7 as median_weeks_since_last
from categories
group by all
