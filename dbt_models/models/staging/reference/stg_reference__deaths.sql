{#- Deaths of the newest refresh; where registrations of one linking field disagree, the earliest day [R]. -#}
with deaths as (
    {{ refresh_union('deaths', 'SAILADDEV', 'ADDE_DEATHS', {
        'alf_e': ['ALF_E', 'bigint'],
        'death_date': ['DEATH_DT', 'date'],
        'validity': ['DEATH_DT_VALID', 'varchar'],
    }) | indent }}
)

select alf_e, min(death_date) as death_date
from deaths
where
    refresh = (select max(refresh) from deaths)
    and alf_e is not null
    and death_date is not null
    and coalesce(lower(trim(validity)), 'valid') = 'valid'
group by alf_e
