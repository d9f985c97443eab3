with on_applications as (
    select
        source,
        refresh,
        person_id,
        list_distinct(list(law_type)) as law_types,
        {%- for role in ['subject', 'applicant', 'respondent', 'other'] %}
        bool_or(primary_role = '{{ role }}') as is_{{ role }},
        {%- endfor %}
        min(application_date) as first_application_date
    from {{ ref('int_roles') }}
    group by all
),

-- Where a person's first application was heard: the region of the case's court.
regions as (
    select
        roles.source,
        roles.refresh,
        roles.person_id,
        first(cases.region order by roles.application_date nulls last, roles.application_id) as region
    from {{ ref('int_roles') }} as roles
    left join {{ ref('int_cases') }} as cases using (source, refresh, case_id)
    group by all
),

people as (
    select
        people.source,
        people.refresh,
        people.person_id,
        people.gender,
        people.week_of_birth is not null and people.lsoa is not null as is_usable,
        people.alf_e is not null as is_linked,
        people.alf_status,
        roles.person_id is null as on_no_application,
        roles.law_types,
        {%- for role in ['subject', 'applicant', 'respondent', 'other'] %}
        roles.is_{{ role }},
        {%- endfor %}
        {{ completed_years('people.week_of_birth', 'roles.first_application_date') }} as age,
        year(roles.first_application_date) as first_year,
        regions.region,
        deprivation.nation || ' ' || cast(ceil(deprivation.deprivation_decile / 2.0) as integer) as quintile,
        nullif(ethnicities.known_ethnicities, []) as ethnicities
    from {{ ref('int_people') }} as people
    left join on_applications as roles using (source, refresh, person_id)
    left join regions using (source, refresh, person_id)
    left join {{ ref('int_ethnicities') }} as ethnicities using (source, refresh, person_id)
    left join {{ source('reference', 'deprivation_by_lsoa2011') }} as deprivation
        on deprivation.lsoa2011_cd = people.lsoa
),

categories as (
    select *, 'all' as dimension, 'all' as category from people
    union all
    select *, 'law_type' as dimension, unnest(coalesce(law_types, ['on no application'])) as category from people
    union all
    {%- for role in ['subject', 'applicant', 'respondent', 'other'] %}
    select *, 'role' as dimension, '{{ role }}' as category from people where is_{{ role }}
    union all
    {%- endfor %}
    select *, 'role' as dimension, 'on no application' as category from people where on_no_application
    union all
    select *, 'age_band' as dimension, {{ age_band('age') }} as category from people
    union all
    select *, 'sex' as dimension, gender as category from people
    union all
    select *, 'year_of_first_application' as dimension, coalesce(cast(first_year as varchar), 'unknown') as category
    from people
    union all
    select *, 'region' as dimension, coalesce(region, 'unknown') as category from people
    union all
    select *, 'deprivation_quintile' as dimension, coalesce(quintile, 'unknown') as category from people
    union all
    select *, 'ethnicity' as dimension, unnest(coalesce(ethnicities, ['not known'])) as category
    from people
    where source <> 'cymru'
)

select
    refresh,
    source,
    dimension,
    category,
    count(*) as people,
    count_if(is_usable) as people_usable,
    count_if(is_linked) as linked,
    count_if(is_linked and is_usable) as linked_usable,
    {%- for status in ['1', '4', '39', '35', '99'] %}
    count_if(alf_status is not distinct from '{{ status }}') as status_{{ status }},
    {%- endfor %}
    count_if(alf_status is null) as status_missing,
    count_if(is_linked) / count(*) as match_rate,
    count_if(is_linked and is_usable) / nullif(count_if(is_usable), 0) as match_rate_usable
from categories
group by all
