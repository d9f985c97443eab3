with on_cases as (
    select source, refresh, case_id, person_id, bool_or(is_adult) as is_adult
    from {{ ref('int_roles') }}
    where case_id is not null
    group by all
    having not bool_or(is_subject or is_subject_party)
),

parents as (
    select distinct source, refresh, parent_id as person_id
    from {{ ref('int_relationships') }}
    where parent_id is not null
),

aged as (
    select
        on_cases.*,
        people.recorded_as,
        people.lsoa,
        parents.person_id is not null as is_parent,
        {{ completed_years('people.week_of_birth', 'cases.case_start_date') }} as first_app_start_age
    from on_cases
    join {{ ref('int_people') }} as people using (source, refresh, person_id)
    join {{ ref('int_cases') }} as cases using (source, refresh, case_id)
    left join parents using (source, refresh, person_id)
)

select
    aged.case_id,
    aged.person_id as adult_id,
    aged.first_app_start_age,
    cast(ceil(deprivation.deprivation_decile / 2.0) as integer) as address_imd_quintile,
    aged.refresh,
    aged.source
from aged
left join {{ source('reference', 'deprivation_by_lsoa2011') }} as deprivation on deprivation.lsoa2011_cd = aged.lsoa
where recorded_as = 'adult'
    or is_adult
    or (
        recorded_as = 'person'
        and (is_parent or first_app_start_age is null or first_app_start_age >= {{ var('adult_age') }})
    )
