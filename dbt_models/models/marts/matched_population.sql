with on_applications as (
    select
        source,
        refresh,
        person_id,
        bool_or(law_type = 'Public') as in_public_law,
        bool_or(law_type = 'Private') as in_private_law,
        {%- for role in ['subject', 'applicant', 'respondent', 'other'] %}
        bool_or(primary_role = '{{ role }}') as is_{{ role }},
        {%- endfor %}
        min(application_date) as first_application_date,
        count(distinct case_id) as cases
    from {{ ref('int_roles') }}
    group by all
),

parents as (
    select source, refresh, parent_id as person_id, count(distinct child_id) as children
    from {{ ref('int_relationships') }}
    where relationship_group = 'parent'
    group by all
)

select
    people.source,
    people.refresh,
    {{ nation_of('people.source') }} as nation,
    people.person_id,
    {{ person_key() }} as person_key,
    people.alf_e is not null as is_linked,
    people.alf_status,
    people.alf_match_pct,
    people.week_of_birth is not null and people.lsoa is not null as is_usable,
    people.gender,
    {{ completed_years('people.week_of_birth', 'roles.first_application_date') }} as age_at_first_application,
    {{ quintile_within(nation_of('people.source'), 'deprivation') }} as quintile,
    roles.first_application_date,
    coalesce(roles.cases, 0) as cases,
    coalesce(roles.in_public_law, false) as in_public_law,
    coalesce(roles.in_private_law, false) as in_private_law,
    {%- for role in ['subject', 'applicant', 'respondent', 'other'] %}
    coalesce(roles.is_{{ role }}, false) as is_{{ role }},
    {%- endfor %}
    coalesce(parents.children, 0) as recorded_children
from {{ ref('int_people') }} as people
left join on_applications as roles using (source, refresh, person_id)
left join parents using (source, refresh, person_id)
left join {{ ref('int_deprivation') }} as deprivation on deprivation.lsoa = people.lsoa
