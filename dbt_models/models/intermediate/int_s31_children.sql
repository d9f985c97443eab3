with sets as (
    select
        nation,
        refresh,
        source,
        source_refresh,
        case_id,
        child_key,
        min(child_id) as child_id,
        min(application_date) as s31_date,
        any_value(case_start_date) as case_start_date,
        case when bool_and(application_completed is not null) then max(application_completed) end as completed_date,
        any_value(gender) as gender,
        any_value(week_of_birth) as week_of_birth,
        any_value(local_authority) as local_authority,
        any_value(la_cd) as la_cd,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_subjects') }}
    where is_s31 and application_date is not null
    group by all
),

people as (
    select source, refresh as source_refresh, person_id as mother_id, {{ person_key() }} as mother_key, gender,
        week_of_birth, lsoa
    from {{ ref('int_people') }}
),

on_cases as (
    select distinct source, refresh as source_refresh, case_id, person_id as mother_id
    from {{ ref('int_roles') }}
    where not (is_subject or is_subject_party)
),

-- Where more than one mother of a child is on the case, the one with the lowest id.
mothers as (
    select
        relationships.source,
        relationships.refresh as source_refresh,
        on_cases.case_id,
        relationships.child_id,
        arg_min(
            {
                mother_key: people.mother_key,
                week_of_birth: people.week_of_birth,
                lsoa: people.lsoa
            }, people.mother_id
        ) as mother
    from {{ ref('int_relationships') }} as relationships
    join people
        on people.source = relationships.source and people.source_refresh = relationships.refresh
        and people.mother_id = relationships.parent_id
    join on_cases
        on on_cases.source = relationships.source and on_cases.source_refresh = relationships.refresh
        and on_cases.mother_id = relationships.parent_id
    where relationships.relationship_group = 'parent'
        and (people.gender = 'Female' or lower(relationships.relationship) = 'mother')
        and lower(relationships.relationship) is distinct from 'father'
    group by all
),

bands as (
    select 'ecms' as source, refresh as source_refresh, person_id as child_id, age_band_first_s31
    from {{ ref('stg_cafe_ecms__first_s31_age_band') }}
    union all
    select 'cms' as source, refresh as source_refresh, person_id as child_id, age_band_first_s31
    from {{ ref('stg_cafe_cms__first_s31_age_band') }}
),

numbered as (
    select
        sets.*,
        row_number() over (
            partition by nation, refresh, child_key order by s31_date, source, case_id
        ) as set_number
    from sets
),

aged as (
    select
        numbered.*,
        mothers.mother.mother_key as mother_key,
        mothers.mother.week_of_birth as mother_week_of_birth,
        mothers.mother.lsoa as mother_lsoa,
        date_diff('day', numbered.week_of_birth, s31_date) as days_from_monday,
        case when set_number = 1 then bands.age_band_first_s31 end as age_band
    from numbered
    left join mothers using (source, source_refresh, case_id, child_id)
    left join bands using (source, source_refresh, child_id)
)

select
    * exclude (days_from_monday, age_band),
    age_band as exact_age_band,
    -- The exact band says how many days old the child was; without one, the week of birth leaves seven possible days.
    case
        when age_band = '0-6 days' then 0
        when age_band = '7-13 days' then 7
        when age_band = '14-27 days' then 14
        when age_band = '28 days to under 1 year' then greatest(28, coalesce(days_from_monday - 6, 28))
        when age_band = '1 year and over' then greatest(365, coalesce(days_from_monday - 6, 365))
        when age_band is null and days_from_monday >= 0 then greatest(0, days_from_monday - 6)
    end as least_days_old,
    case
        when age_band = '0-6 days' then 6
        when age_band = '7-13 days' then 13
        when age_band = '14-27 days' then 27
        when age_band = '28 days to under 1 year' then 365
        when age_band = '1 year and over' then greatest(366, coalesce(days_from_monday, 366))
        when age_band is null and days_from_monday >= 0 then days_from_monday
    end as most_days_old,
    case
        when age_band = 'unknown' or (age_band is null and coalesce(days_from_monday, -1) < 0) then null
        when age_band = '1 year and over' then false
        when age_band is not null then true
        when s31_date < week_of_birth + interval 1 year then true
        when s31_date < week_of_birth + interval 6 days + interval 1 year then null
        else false
    end as is_infant
from aged
