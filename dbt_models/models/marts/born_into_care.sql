with first_sets as (
    select children.*, {{ quintile_within('children.nation', 'deprivation') }} as quintile
    from {{ ref('int_s31_children') }} as children
    left join {{ ref('int_deprivation') }} as deprivation
        on deprivation.lsoa = children.mother_lsoa
    where set_number = 1
),

-- Children whose mother had been in s31 proceedings about another child before.
subsequent as (
    select distinct child.nation, child.refresh, child.child_key, true as is_subsequent
    from first_sets as child
    join {{ ref('int_s31_children') }} as earlier
        on earlier.nation = child.nation and earlier.refresh = child.refresh and earlier.mother_key = child.mother_key
    where earlier.child_key <> child.child_key and earlier.s31_date < child.s31_date
),

flagged as (
    select
        first_sets.*,
        coalesce(is_subsequent, false) as is_subsequent,
        case nation
            {%- for nation, days in var('newborn_days').items() %}
            when '{{ nation }}' then {{ days }}
            {%- endfor %}
        end as newborn_days
    from first_sets
    left join subsequent using (nation, refresh, child_key)
),

counted as (
    select
        refresh,
        nation,
        {{ years_and_categories_of('s31_date', {
            'region': 'region', 'local_authority': 'local_authority', 'dfj_area': 'dfj_area', 'circuit': 'circuit',
            'sex': 'gender', 'deprivation_quintile': 'quintile',
        }) }},
        least_days_old,
        most_days_old,
        newborn_days,
        is_infant,
        is_subsequent,
        mother_key
    from flagged
),

measured as (
    select
        refresh,
        nation,
        year_kind,
        year,
        dimension,
        category,
        count(*) as children,
        count_if(least_days_old is null) as children_of_unknown_age,
        count_if(is_infant) as infants,
        count_if(is_infant or (is_infant is null and least_days_old is not null)) as infants_at_most,
        {%- for name, days in {'under_1_week': '7', 'under_2_weeks': '14', 'newborns': 'newborn_days'}.items() %}
        count_if(most_days_old < {{ days }}) as {{ name }},
        count_if(least_days_old < {{ days }}) as {{ name }}_at_most,
        {%- endfor %}
        count_if(is_infant and mother_key is not null) as infants_with_mother,
        count_if(is_infant and is_subsequent) as subsequent_infants,
        count_if(most_days_old < newborn_days and mother_key is not null) as newborns_with_mother,
        count_if(most_days_old < newborn_days and is_subsequent) as subsequent_newborns,
        {{ denominator_year('year_kind', 'year') }} as denominator_year
    from counted
    group by all
),

births as (
    {{ denominator_by_area(ref('int_births'), 'births') }}
)

select
    measured.*,
    newborns / nullif(infants, 0) as share_of_infants,
    under_1_week / nullif(infants, 0) as under_1_week_share_of_infants,
    under_2_weeks / nullif(infants, 0) as under_2_weeks_share_of_infants,
    births.denominator as births,
    newborns * 10000 / births.denominator as newborns_per_10000_births,
    newborns_at_most * 10000 / births.denominator as newborns_per_10000_births_at_most,
    under_1_week * 10000 / births.denominator as under_1_week_per_10000_births,
    under_2_weeks * 10000 / births.denominator as under_2_weeks_per_10000_births,
    infants * 10000 / births.denominator as infants_per_10000_births
from measured
left join births using (nation, denominator_year, dimension, category)
