with types as (
    select
        types.refresh,
        relationship_type_id,
        names.name as relationship,
        relationship_type_id in ({{ var('parent_relationship_types') | join(', ') }}) as is_parent,
        inverse_relationship_type_id
    from {{ ref('stg_cafe_ecms__relationship_types') }} as types
    {{ join_lookup('names', 'relationship type', 'ecms', 'types.refresh', 'types.relationship_type_id') }}
),

child_types as (
    select distinct refresh, inverse_relationship_type_id as relationship_type_id
    from types
    where is_parent and inverse_relationship_type_id is not null
),

ecms as (
    select
        'ecms' as source,
        given.refresh,
        given.person_id,
        given.related_person_id,
        types.relationship,
        case
            when types.is_parent then 'parent'
            when child_types.relationship_type_id is not null then 'child'
            when relationship_type_id in ({{ var('full_sibling_relationship_types') | join(', ') }}) then 'full sibling'
            when relationship_type_id in ({{ var('half_sibling_relationship_types') | join(', ') }}) then 'half sibling'
            when relationship_type_id in ({{ var('step_sibling_relationship_types') | join(', ') }}) then 'step sibling'
            else 'other'
        end as relationship_group,
        relationship_type_id,
        given.parental_responsibility_type_id
    from {{ ref('stg_cafe_ecms__person_relationships') }} as given
    left join types using (refresh, relationship_type_id)
    left join child_types using (refresh, relationship_type_id)
),

-- CMS stores a pair once, from the side of the parent or whoever stands as one.
given_cms as (
    select
        given.*,
        names.name as relationship,
        given.relationship_type_id in ({{ var('parent_relationship_types_cms') | join(', ') }}) as is_parent
    from {{ ref('stg_cafe_cms__person_relationships') }} as given
    {{ join_lookup('names', 'relationship type', 'cms', 'given.refresh', 'given.relationship_type_id') }}
),

cms as (
    select
        'cms' as source, refresh, child_id as person_id, parent_id as related_person_id, relationship,
        case when is_parent then 'parent' else 'other' end as relationship_group, relationship_type_id
    from given_cms
    union all
    select
        'cms' as source, refresh, parent_id as person_id, child_id as related_person_id, 'Child' as relationship,
        'child' as relationship_group, null as relationship_type_id
    from given_cms
    where is_parent
),

parents_cymru as (
    select
        adults.refresh,
        adults.person_id as parent_id,
        children.person_id as child_id,
        {{ clean_name('adults.relationship_to_child') }} as relationship
    from {{ ref('stg_cafw__parties') }} as adults
    join {{ ref('stg_cafw__parties') }} as children using (refresh, application_id)
    where children.party_role = 'Subject'
        and adults.person_id <> children.person_id
        and lower({{ clean_name('adults.relationship_to_child') }}) in ('mother', 'father', 'parent')
),

cymru as (
    select
        'cymru' as source, refresh, child_id as person_id, parent_id as related_person_id, relationship,
        'parent' as relationship_group
    from parents_cymru
    union all
    select
        'cymru' as source, refresh, parent_id as person_id, child_id as related_person_id, 'Child' as relationship,
        'child' as relationship_group
    from parents_cymru
),

united as (
    from ecms
    union all by name
    from cms
    union all by name
    from cymru
)

select
    source,
    refresh,
    person_id,
    related_person_id,
    relationship_type_id,
    relationship_group,
    min(relationship) as relationship,
    max(parental_responsibility_type_id) as parental_responsibility_type_id,
    case relationship_group when 'parent' then related_person_id when 'child' then person_id end as parent_id,
    case relationship_group when 'parent' then person_id when 'child' then related_person_id end as child_id
from united
group by all
