with
{{ editions() }},

people as (
    select source, refresh as source_refresh, person_id, {{ person_key() }} as child_key, gender, week_of_birth, lsoa
    from {{ ref('int_people') }}
),

dfj_areas as (
    {%- for source in ['ecms', 'cms'] %}
    select '{{ source }}' as source, refresh, dfj_area_id, {{ clean_name('name') }} as dfj_area
    from {{ ref('stg_cafe_' ~ source ~ '__dfj_areas') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

areas as (
    select
        cases.source,
        cases.refresh as source_refresh,
        cases.case_id,
        cases.case_start_date,
        cases.local_authority,
        codes.la_cd,
        codes.region_nm as region,
        dfj_areas.dfj_area,
        cases.region as circuit
    from {{ ref('int_cases') }} as cases
    left join {{ ref('local_authorities') }} as codes
        on lower(codes.la_nm) = lower(cases.local_authority)
    left join dfj_areas using (source, refresh, dfj_area_id)
)

select
    editions.nation,
    editions.refresh,
    roles.source,
    editions.source_refresh,
    people.child_key,
    roles.person_id as child_id,
    starts_with(people.child_key, 'alf ') as is_linked,
    roles.application_id,
    roles.case_id,
    roles.application_date,
    applications.application_type,
    coalesce(lower(applications.application_type) in ({{ quoted(var('s31_application_types')) }}), false) as is_s31,
    roles.law_type,
    coalesce(applications.date_application_completed, applications.date_completed) as application_completed,
    areas.case_start_date,
    people.gender,
    people.week_of_birth,
    people.lsoa,
    areas.local_authority,
    areas.la_cd,
    areas.region,
    areas.dfj_area,
    areas.circuit
from {{ ref('int_roles') }} as roles
join editions on editions.source = roles.source and editions.source_refresh = roles.refresh
join people
    on people.source = roles.source and people.source_refresh = roles.refresh and people.person_id = roles.person_id
join {{ ref('int_applications') }} as applications
    on applications.source = roles.source and applications.refresh = roles.refresh
    and applications.application_id = roles.application_id
join areas
    on areas.source = roles.source and areas.source_refresh = roles.refresh and areas.case_id = roles.case_id
where roles.is_subject or roles.is_subject_party
