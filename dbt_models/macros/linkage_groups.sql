{# People by the groups by which linkage is judged: a row a person and category, of which a person may have several.
   match_rates counts them, and an extract's own page counts those of its people (int_linkage_groups). #}
{% macro linkage_groups() %}
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
        deprivation.nation || ' ' || deprivation.quintile as quintile,
        nullif(ethnicities.known_ethnicities, []) as ethnicities
    from {{ ref('int_people') }} as people
    left join on_applications as roles using (source, refresh, person_id)
    left join regions using (source, refresh, person_id)
    left join {{ ref('int_ethnicities') }} as ethnicities using (source, refresh, person_id)
    left join {{ ref('int_deprivation') }} as deprivation using (lsoa)
)

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
{% endmacro %}
