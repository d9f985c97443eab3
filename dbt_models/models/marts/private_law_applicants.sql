with cases as (
    select
        nation,
        refresh,
        source,
        source_refresh,
        case_id,
        min(application_date) as started,
        any_value(local_authority) as local_authority,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_subjects') }}
    where law_type = 'Private' and application_date is not null
    group by all
),

-- Whoever is the recorded parent of a child whom the case is about is mother or father by gender; all others are other.
parents as (
    select distinct
        subjects.source,
        subjects.source_refresh,
        subjects.case_id,
        relationships.parent_id as person_id,
        true as is_parent
    from {{ ref('int_subjects') }} as subjects
    join {{ ref('int_relationships') }} as relationships
        on relationships.source = subjects.source and relationships.refresh = subjects.source_refresh
        and relationships.child_id = subjects.child_id and relationships.relationship_group = 'parent'
    where subjects.law_type = 'Private'
),

applicants as (
    select distinct
        cases.nation,
        cases.refresh,
        cases.source,
        cases.source_refresh,
        cases.case_id,
        cases.started,
        roles.person_id
    from {{ ref('int_roles') }} as roles
    join cases
        on cases.source = roles.source and cases.source_refresh = roles.refresh and cases.case_id = roles.case_id
        and cases.started = roles.application_date
    where roles.is_applicant
),

described as (
    select
        cases.*,
        applicants.person_id,
        count(*) over (partition by cases.nation, cases.refresh, cases.source, cases.case_id) = 1 as is_alone,
        people.gender,
        case
            when applicants.person_id is null then null
            when parents.is_parent then case people.gender when 'Female' then 'mother' when 'Male' then 'father' else 'parent' end
            else 'other'
        end as relation,
        {{ year_band_of(completed_years('people.week_of_birth', 'cases.started'), var('applicant_age_bands')) }} as age_band,
        {{ quintile_within('cases.nation', 'deprivation') }} as quintile
    from cases
    left join applicants using (nation, refresh, source, source_refresh, case_id, started)
    left join {{ ref('int_people') }} as people
        on people.source = cases.source and people.refresh = cases.source_refresh
        and people.person_id = applicants.person_id
    left join parents
        on parents.source = cases.source and parents.source_refresh = cases.source_refresh
        and parents.case_id = cases.case_id and parents.person_id = applicants.person_id
    left join {{ ref('int_deprivation') }} as deprivation on deprivation.lsoa = people.lsoa
),

categories as (
    select
        refresh,
        nation,
        {{ case_number() }} as case_number,
        person_id,
        is_alone,
        {{ years_and_categories_of('started', {
            'region': 'region', 'local_authority': 'local_authority', 'dfj_area': 'dfj_area', 'circuit': 'circuit',
            'sex': 'gender', 'relation': 'relation', 'age_band': 'age_band', 'deprivation_quintile': 'quintile',
            'relation_and_quintile': "relation || ' ' || quintile",
        }) }}
    from described
),

measured as (
    select
        refresh,
        nation,
        year_kind,
        year,
        dimension,
        category,
        -- Most cases have one applicant, and need no looking for others of their number.
        {{ count_of_cases() }} as applications,
        count(person_id) as applicants,
        {{ denominator_year('year_kind', 'year') }} as denominator_year
    from categories
    group by all
),

given_families as (
    select *, case region_nm when 'Wales' then 'Wales' else 'England' end as nation, year as denominator_year
    from {{ ref('int_families') }}
),

-- A nation's families are those given for it, else the sum over its regions.
families as (
    select
        nation,
        denominator_year,
        'all' as dimension,
        'all' as category,
        coalesce(sum(families) filter (region_nm = nation), sum(families)) as families
    from given_families
    group by all
    union all
    select nation, denominator_year, 'region' as dimension, region_nm as category, families
    from given_families
)

select
    measured.*,
    applicants / nullif(max(case dimension when 'all' then applicants end) over years, 0) as share_of_applicants,
    families.families,
    applications * 10000 / families.families as applications_per_10000_families
from measured
left join families using (nation, denominator_year, dimension, category)
window years as (partition by refresh, nation, year_kind, year)
