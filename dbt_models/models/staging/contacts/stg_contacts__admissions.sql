{#- What an admission was: how it came about, and what any of its diagnoses says. -#}
{%- do source('databank', 'pedw') -%}
{%- for refresh in refreshes_of('pedw')[-1:] %}
with diagnosed as (
    select
        SPELL_NUM_E,
        {%- for condition, pattern in var('health_conditions').items() %}
        bool_or(regexp_matches(coalesce(DIAG_CD_123, DIAG_CD), '{{ pattern }}')) as has_{{ condition }}{{ ',' if not loop.last }}
        {%- endfor %}
    from SAILPEDWV.PEDW_DIAG_{{ refresh }}
    group by SPELL_NUM_E
)

select
    cast(ALF_E as bigint) as alf_e,
    cast(ADMIS_DT as date) as event_date,
    {%- for method, pattern in var('admission_methods').items() %}
    coalesce(regexp_matches(ADMIS_MTHD_CD, '{{ pattern }}'), false) as is_{{ method }},
    {%- endfor %}
    {%- for condition in var('health_conditions') %}
    coalesce(has_{{ condition }}, false) as has_{{ condition }}{{ ',' if not loop.last }}
    {%- endfor %}
from SAILPEDWV.PEDW_SPELL_{{ refresh }}
left join diagnosed using (SPELL_NUM_E)
where ALF_E is not null
{%- else %}
select
    cast(null as bigint) as alf_e,
    cast(null as date) as event_date,
    {%- for method in var('admission_methods') %}
    cast(null as boolean) as is_{{ method }},
    {%- endfor %}
    {%- for condition in var('health_conditions') %}
    cast(null as boolean) as has_{{ condition }}{{ ',' if not loop.last }}
    {%- endfor %}
where false
{%- endfor %}
