with given as (
    select
        'ecms' as source, recorded.refresh, recorded.person_id, recorded.ethnicity_type_id as code,
        coalesce(types.name, 'type ' || recorded.ethnicity_type_id) as ethnicity,
        recorded.ethnicity_type_id not in ({{ var('unknown_ethnicity_types') | join(', ') }}) as is_known
    from {{ ref('stg_cafe_ecms__ethnicities') }} as recorded
    {{ join_lookup('types', 'ethnicity', 'ecms', 'recorded.refresh', 'recorded.ethnicity_type_id') }}
    union all
    select
        'cms' as source, recorded.refresh, recorded.person_id, recorded.ethnic_origin_id as code,
        coalesce(types.name, 'type ' || recorded.ethnic_origin_id) as ethnicity,
        lower(coalesce(types.name, '')) not in ('{{ var('unknown_ethnicity_names') | join("', '") }}') as is_known
    from (select distinct refresh, person_id, ethnic_origin_id from {{ ref('stg_cafe_cms__people') }}) as recorded
    {{ join_lookup('types', 'ethnicity', 'cms', 'recorded.refresh', 'recorded.ethnic_origin_id') }}
    where recorded.ethnic_origin_id is not null
),

people as (
    select
        source,
        refresh,
        person_id,
        list_sort(list_distinct(list(ethnicity) filter (is_known))) as known,
        bool_or(not is_known) as has_unknown,
        count(*) as ethnicity_rows,
        count(*) - count(distinct code) as copies
    from given
    group by all
)

select
    source,
    refresh,
    person_id,
    case len(known) when 1 then known[1] else if(len(known) > 1, 'Unclear', 'Unknown') end as ethnicity,
    coalesce(known, []) as known_ethnicities,
    has_unknown and coalesce(len(known), 0) > 0 as unknown_was_outranked,
    ethnicity_rows,
    copies
from people
