{#- Rules of the core by what they touched; each: rule, what is counted, the rows it touched, by source and refresh. -#}
with
{%- for source in ['cms', 'ecms'] %}
copies_of_people_{{ source }} as (
    select 'full duplicates' as rule, 'people' as subject, '{{ source }}' as source, refresh,
        count(*) - count(distinct person_id) as rows_touched
    from {{ ref('stg_cafe_' ~ source ~ '__people') }}
    group by refresh
),
{% endfor %}
copies_of_people_cymru as (
    select 'full duplicates' as rule, 'people' as subject, 'cymru' as source, refresh,
        count(*) - count(distinct person_id) as rows_touched
    from (
        select refresh, person_id from {{ ref('stg_cafw__children') }}
        union all
        select refresh, person_id from {{ ref('stg_cafw__adults') }}
    ) as people
    group by refresh
),

roles_given as (
    select 'ecms' as source, refresh, person_id, application_id,
        [is_subject, is_applicant, is_respondent, is_other, is_subject_party, is_other_party] as role
    from {{ ref('stg_cafe_ecms__persons_on_applications') }}
    union all
    select 'cms' as source, refresh, person_id, application_id,
        [{{ cms_role() }} = 4, {{ cms_role() }} = 1, {{ cms_role() }} = 2, {{ cms_role() }} = 8,
            {{ cms_flag('is_party') }}, null] as role
    from {{ ref('stg_cafe_cms__application_members') }}
    union all
    select 'cymru' as source, refresh, person_id, application_id,
        [party_role = 'Subject', party_role = 'Applicant', party_role = 'Respondent', party_role = 'Other', null, null]
            as role
    from {{ ref('stg_cafw__parties') }}
),

copies_of_roles as (
    select 'full duplicates' as rule, 'roles' as subject, source, refresh,
        count(*) - count(distinct (person_id, application_id, role)) as rows_touched
    from roles_given
    group by source, refresh
),

copies_elsewhere as (
    {%- for subject, model, rows in [
        ('legal outputs', 'int_legal_outputs', 'copies - 1'), ('hearings', 'int_hearings', 'copies - 1'),
        ('ethnicities', 'int_ethnicities', 'copies'),
    ] %}
    select 'full duplicates' as rule, '{{ subject }}' as subject, source, refresh, sum({{ rows }}) as rows_touched
    from {{ ref(model) }}
    group by source, refresh
    union all
    {%- endfor %}
    -- Copies and one output in two rows cannot be told apart once neither child nor application is named.
    select 'full duplicates' as rule, 'legal outputs' as subject, source, refresh, sum(output_rows - 1) as rows_touched
    from {{ ref('int_case_legal_outputs') }}
    where source = 'cms'
    group by source, refresh
),

roles as (
    select 'several roles' as rule, 'people on applications' as subject, source, refresh,
        count_if(
            cast(is_subject or is_subject_party as integer) + cast(is_applicant as integer)
                + cast(is_respondent as integer) + cast(is_other or is_other_party as integer) > 1
        ) as rows_touched
    from {{ ref('int_roles') }}
    group by source, refresh
),

births as (
    select 'century typo mended' as rule, 'people' as subject, source, refresh,
        count_if(week_of_birth <> week_of_birth_given) as rows_touched
    from {{ ref('int_people') }}
    group by source, refresh
    union all
    select 'impossible week of birth taken out' as rule, 'people' as subject, source, refresh,
        count_if(week_of_birth is null and week_of_birth_given is not null) as rows_touched
    from {{ ref('int_people') }}
    group by source, refresh
),

parents as (
    {%- for parent in ['mother', 'father'] %}
    select 'one {{ parent }} of several' as rule, 'children' as subject, source, refresh,
        count_if({{ parent }}s_recorded > 1) as rows_touched
    from {{ ref('int_parents') }}
    group by source, refresh
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

ethnicities as (
    select 'known ethnicity outranks unknown' as rule, 'people' as subject, source, refresh,
        count_if(unknown_was_outranked) as rows_touched
    from {{ ref('int_ethnicities') }}
    group by source, refresh
    union all
    select 'known ethnicities disagree' as rule, 'people' as subject, source, refresh,
        count_if(ethnicity = 'Unclear') as rows_touched
    from {{ ref('int_ethnicities') }}
    group by source, refresh
),

lookups as (
    select 'lookup name is that of the newest refresh' as rule, lookup as subject, source, refresh,
        count_if(name_of_refresh is distinct from name) as rows_touched
    from {{ ref('int_lookups') }}
    group by source, refresh, lookup
    union all
    select 'stray Unicode taken out of a lookup name' as rule, lookup as subject, source, refresh,
        count_if(name_of_refresh is distinct from name_given) as rows_touched
    from {{ ref('int_lookups') }}
    group by source, refresh, lookup
),

carried_over as (
    select 'carried-over case told once' as rule, 'cases' as subject, 'cms' as source, cms_refresh as refresh,
        count(distinct cms_case_id) as rows_touched
    from {{ ref('int_carried_over') }}
    group by cms_refresh
),

rules as (
    {%- for name in ['copies_of_people_cms', 'copies_of_people_ecms', 'copies_of_people_cymru', 'copies_of_roles',
                     'copies_elsewhere', 'roles', 'births', 'parents', 'ethnicities', 'lookups', 'carried_over'] %}
    from {{ name }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select rule, subject, source, refresh, cast(rows_touched as bigint) as rows_touched
from rules
