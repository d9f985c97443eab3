with groups as (
    select
        nation,
        refresh,
        source,
        source_refresh,
        case_id,
        min(s31_date) as s31_date,
        count(*) as subjects,
        count(distinct mother_key) as mothers,
        count_if(mother_key is null) as subjects_without_mother,
        count_if(is_infant) as infants,
        count_if(set_number = 1) as subjects_new_to_s31,
        min(least_days_old) as youngest_least_days,
        max(most_days_old) as eldest_most_days,
        any_value(local_authority) as local_authority,
        any_value(region) as region,
        any_value(dfj_area) as dfj_area,
        any_value(circuit) as circuit
    from {{ ref('int_s31_children') }}
    group by all
),

subjects as (
    select distinct source, source_refresh, case_id, child_id from {{ ref('int_s31_children') }}
),

-- Each unordered pair once, by its nearest relationship on record; a sibling who is no subject stands beside the group.
pairs as (
    select
        subjects.source,
        subjects.source_refresh,
        subjects.case_id,
        subjects.child_id,
        relationships.related_person_id as sibling_id,
        others.child_id is not null as is_subject,
        min(case relationships.relationship_group
            when 'full sibling' then 1 when 'half sibling' then 2 else 3 end) as nearness
    from subjects
    join {{ ref('int_relationships') }} as relationships
        on relationships.source = subjects.source and relationships.refresh = subjects.source_refresh
        and relationships.person_id = subjects.child_id
    left join subjects as others
        on others.source = subjects.source and others.source_refresh = subjects.source_refresh
        and others.case_id = subjects.case_id and others.child_id = relationships.related_person_id
    where relationships.relationship_group in ('full sibling', 'half sibling', 'step sibling')
    group by all
),

related as (
    select
        source,
        source_refresh,
        case_id,
        {%- for kind, nearness in {'full': 1, 'half': 2, 'step': 3}.items() %}
        count(distinct (least(child_id, sibling_id), greatest(child_id, sibling_id)))
            filter (is_subject and nearness = {{ nearness }}) as {{ kind }}_sibling_pairs,
        {%- endfor %}
        count(distinct sibling_id) filter (not is_subject) as siblings_not_subject
    from pairs
    group by all
),

outcomes as (
    select
        nation,
        refresh,
        source,
        case_id,
        count(distinct highest_outcome) filter (highest_outcome <> 'not recorded') as different_outcomes
    from {{ ref('legal_outcomes') }}
    group by all
)

select
    groups.* exclude (source_refresh),
    coalesce(full_sibling_pairs, 0) as full_sibling_pairs,
    coalesce(half_sibling_pairs, 0) as half_sibling_pairs,
    coalesce(step_sibling_pairs, 0) as step_sibling_pairs,
    coalesce(siblings_not_subject, 0) as siblings_not_subject,
    different_outcomes,
    case when subjects > 1 and different_outcomes > 0 then different_outcomes = 1 end as same_outcome
from groups
left join related using (source, source_refresh, case_id)
left join outcomes using (nation, refresh, source, case_id)
