-- A child counts once in each year, in the area and at the age of its first s31 application of that year.
{%- set dimensions = {
    'region': 'region', 'local_authority': 'local_authority', 'dfj_area': 'dfj_area', 'circuit': 'circuit',
    'sex': 'gender', 'age_band': 'age_band',
} %}
with applied as (
    select
        *,
        {{ age_band_of('least_days_old') }} as age_band
    from {{ ref('int_s31_children') }}
),

categories as (
    select
        refresh,
        nation,
        child_key,
        {{ years_and_categories_of('s31_date', dimensions) }}
    from applied
),

measured as (
    select
        refresh,
        nation,
        year_kind,
        year,
        dimension,
        category,
        count(distinct child_key) as children,
        {{ denominator_year('year_kind', 'year') }} as denominator_year
    from categories
    group by all
),

people as (
    select
        la_cd,
        year,
        age,
        {{ year_band_of('age', var('child_age_bands')) }} as age_band,
        coalesce(sum(population) filter (where sex = 'all'), sum(population)) as people
    from {{ ref('int_populations') }}
    where age < 18
    group by all
),

populations as (
    {{ denominator_by_area('people', 'people') }}
    union all
    select
        case left(la_cd, 1) when 'W' then 'Wales' else 'England' end as nation,
        year as denominator_year,
        'age_band' as dimension,
        age_band as category,
        sum(people) as denominator
    from people
    group by all
)

select
    measured.*,
    populations.denominator as population,
    children * 10000 / populations.denominator as children_per_10000
from measured
left join populations using (nation, denominator_year, dimension, category)
