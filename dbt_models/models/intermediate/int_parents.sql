with recorded as (
    select distinct source, refresh, child_id, parent_id
    from {{ ref('int_relationships') }}
    where parent_id is not null
),

together as (
    select recorded.source, recorded.refresh, recorded.child_id, recorded.parent_id, count(*) as applications
    from recorded
    join {{ ref('int_roles') }} as child_roles
        on child_roles.source = recorded.source and child_roles.refresh = recorded.refresh
        and child_roles.person_id = recorded.child_id
    join {{ ref('int_roles') }} as parent_roles
        on parent_roles.source = recorded.source and parent_roles.refresh = recorded.refresh
        and parent_roles.person_id = recorded.parent_id and parent_roles.application_id = child_roles.application_id
    where child_roles.is_subject or child_roles.is_subject_party
    group by all
),

ranked as (
    select
        recorded.source,
        recorded.refresh,
        recorded.child_id,
        recorded.parent_id,
        parents.gender,
        row_number() over (
            partition by recorded.source, recorded.refresh, recorded.child_id, parents.gender
            order by
                -- An age that cannot be goes last, an unknown one does not.
                coalesce(
                    date_sub('year', parents.week_of_birth, children.week_of_birth)
                        not between {{ var('parent_age_least') }} and {{ var('parent_age_most') }},
                    false
                ),
                coalesce(together.applications, 0) desc,
                recorded.parent_id
        ) as place
    from recorded
    join {{ ref('int_people') }} as parents
        on parents.source = recorded.source and parents.refresh = recorded.refresh
        and parents.person_id = recorded.parent_id
    left join {{ ref('int_people') }} as children
        on children.source = recorded.source and children.refresh = recorded.refresh
        and children.person_id = recorded.child_id
    left join together
        on together.source = recorded.source and together.refresh = recorded.refresh
        and together.child_id = recorded.child_id and together.parent_id = recorded.parent_id
)

select
    source,
    refresh,
    child_id,
    max(parent_id) filter (gender = 'Female' and place = 1) as mother_id,
    max(parent_id) filter (gender = 'Male' and place = 1) as father_id,
    count(*) filter (gender = 'Female') as mothers_recorded,
    count(*) filter (gender = 'Male') as fathers_recorded,
    count(*) filter (gender = 'Unknown') as parents_of_unknown_gender
from ranked
group by all
