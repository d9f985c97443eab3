{#-
Linked parents and infants of s31 proceedings, and people of the register who are like them. Without a register, or
without any source of health, nobody is looked for.

A pair is drawn by (a x b) mod (2^31 - 1) of the two people's numbers, each from MD5 of seed and linking field: the same
in every version of DuckDB, and an MD5 a person, not a pair.
-#}
{%- set apart = var('comparator_birth_weeks_apart') -%}
{%- set is_built = refreshes_of('population_register') and (refreshes_of('pedw') or refreshes_of('edds') or refreshes_of('opdw')) -%}
with sets as (
    select *
    from {{ ref('int_s31_children') }}
    where lower(nation) in ({{ quoted(var('health_nations')) }})
        and s31_date <= {{ data_end('refresh') }}
        {{ 'and false' if not is_built }}
),

linked as (
    select source, refresh as source_refresh, person_id, alf_e
    from {{ ref('int_people') }}
    where alf_e is not null and alf_status in ({{ quoted(var('followed_match_statuses')) }})
),

-- A child's recorded parents who are on its case; of each parent the first case, of which any child will do.
parents as (
    select 'parents' as cohort, sets.* exclude (child_id, child_key), linked.alf_e
    from sets
    join {{ ref('int_relationships') }} as relationships
        on relationships.source = sets.source and relationships.refresh = sets.source_refresh
        and relationships.child_id = sets.child_id and relationships.relationship_group = 'parent'
    join {{ ref('int_roles') }} as roles
        on roles.source = sets.source and roles.refresh = sets.source_refresh and roles.case_id = sets.case_id
        and roles.person_id = relationships.parent_id and not (roles.is_subject or roles.is_subject_party)
    join linked
        on linked.source = sets.source and linked.source_refresh = sets.source_refresh
        and linked.person_id = relationships.parent_id
    qualify row_number() over (
        partition by sets.nation, sets.refresh, linked.alf_e order by sets.s31_date, sets.source, sets.case_id
    ) = 1
),

infants as (
    select 'infants' as cohort, sets.* exclude (child_id, child_key), linked.alf_e
    from sets
    join linked
        on linked.source = sets.source and linked.source_refresh = sets.source_refresh
        and linked.person_id = sets.child_id
    where sets.set_number = 1 and sets.is_infant
),

register as (
    select
        alf_e,
        register_person_id,
        case gender_code when '1' then 'Male' when '2' then 'Female' end as gender,
        week_of_birth,
        death_date,
        date_diff('week', date '1900-01-01', week_of_birth) as week_number,
        cast(md5_number_lower('{{ var("comparator_seed") }} ' || alf_e) % 2147483646 as bigint) + 1 as drawn_number
    from {{ ref('stg_wdsd__people') }}
),

-- Where somebody lived when: of addresses that overlap, the later one.
places as (
    select
        register_person_id,
        nation,
        quintile,
        from_date,
        least(
            coalesce(to_date, date '9999-12-31'),
            coalesce(
                lead(from_date) over (partition by register_person_id order by from_date, to_date, lsoa) - 1,
                date '9999-12-31'
            )
        ) as last_date
    from (
        select * exclude (from_date), coalesce(from_date, date '1900-01-01') as from_date
        from {{ ref('stg_wdsd__addresses') }}
    )
    left join {{ ref('int_deprivation') }} as deprivation using (lsoa)
),

-- A removed child may be registered where it was placed: of infants the address at birth is looked at.
cases as (
    select
        united.cohort,
        united.nation,
        united.refresh,
        united.alf_e,
        united.s31_date as index_date,
        united.local_authority,
        united.region,
        united.dfj_area,
        united.circuit,
        register.gender,
        register.week_of_birth,
        register.week_number,
        register.drawn_number,
        {{ quintile_within('united.nation', 'places') }} as quintile
    from (from parents union all from infants) as united
    left join register using (alf_e)
    left join places
        on places.register_person_id = register.register_person_id
        and case united.cohort when 'infants' then register.week_of_birth + 6 else united.s31_date end
            between places.from_date and places.last_date
),

-- People born within so many weeks of each other lie in one bucket of weeks or in the next, so that buckets can be joined.
widths(cohort, apart) as (
    values ('parents', {{ apart.parents }}), ('infants', {{ apart.infants }})
),

wanted as (
    select
        cases.*,
        apart,
        unnest(
            generate_series((week_number - apart) // (2 * apart + 1), (week_number + apart) // (2 * apart + 1))
        ) as bucket
    from cases
    join widths using (cohort)
    where cases.quintile is not null and cases.gender is not null and cases.week_number is not null
),

pool as (
    select register.*, nation, quintile, from_date, last_date, cohort, week_number // (2 * apart + 1) as bucket
    from register
    join places using (register_person_id)
    cross join widths
    where quintile is not null
        and register.alf_e not in (select alf_e from {{ ref('int_people') }} where alf_e is not null)
),

-- Who is like several goes to the one with whom the draw is lowest.
allotted as (
    select
        wanted.cohort,
        wanted.nation,
        wanted.refresh,
        pool.alf_e,
        any_value(pool.week_of_birth) as week_of_birth,
        min({
            'draw': wanted.drawn_number * pool.drawn_number % 2147483647,
            'matched_to': wanted.alf_e
        }) as lowest
    from wanted
    join pool using (cohort, nation, gender, quintile, bucket)
    where abs(wanted.week_number - pool.week_number) <= wanted.apart
        and case wanted.cohort when 'infants' then pool.week_of_birth + 6 else wanted.index_date end
            between pool.from_date and pool.last_date
        and pool.week_of_birth <= wanted.index_date
        and (pool.death_date is null or pool.death_date >= wanted.index_date)
    group by all
),

comparators as (
    select cohort, nation, refresh, alf_e, week_of_birth, lowest.matched_to as matched_to
    from allotted
    qualify row_number() over (
        partition by cohort, nation, refresh, lowest.matched_to order by lowest.draw, alf_e
    ) <= {{ var('comparators') }}
),

united as (
    select * exclude (week_number, drawn_number), 'case' as person_group, alf_e as matched_to
    from cases
    union all by name
    select
        cases.* exclude (alf_e, week_of_birth, week_number, drawn_number),
        comparators.alf_e,
        comparators.week_of_birth,
        'comparator' as person_group,
        comparators.matched_to
    from comparators
    join cases
        on cases.cohort = comparators.cohort and cases.nation = comparators.nation
        and cases.refresh = comparators.refresh and cases.alf_e = comparators.matched_to
)

select
    cohort,
    nation,
    refresh,
    person_group,
    alf_e,
    matched_to,
    count_if(person_group = 'comparator') over (partition by cohort, nation, refresh, matched_to) as comparators,
    index_date,
    gender,
    week_of_birth,
    quintile as deprivation_quintile,
    region,
    local_authority,
    dfj_area,
    circuit,
    case cohort
        when 'infants' then week_of_birth
        else cast(index_date - interval '{{ var("contact_window_months") }} months' as date)
    end as followed_from
from united
