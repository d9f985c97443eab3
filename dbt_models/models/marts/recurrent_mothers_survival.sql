with categories as (
    select
        nation,
        refresh,
        set_rule,
        population,
        days,
        is_recurrent as is_event,
        {{ categories_of({
            'age_band': 'age_band', 'outcome': 'index_outcome', 'region': 'region', 'circuit': 'circuit',
            'deprivation_quintile': 'quintile',
        }) }}
    from {{ ref('recurrent_mothers') }}
    cross join (values ('all'), ('linked')) as populations(population)
    where population = 'all' or is_linked
)

{{ kaplan_meier('categories', ['nation', 'refresh', 'set_rule', 'population', 'dimension', 'category']) }}
