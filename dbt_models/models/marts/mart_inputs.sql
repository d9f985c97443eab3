{#- What a mart needs beside Cafcass's own data, and what it lacks without. -#}
{%- set health = 'its columns of contact are null; without any source of health the mart is empty' -%}
{%- set inputs = [
    ('born_into_care', 'births_by_local_authority', 'rates per 10,000 live births are null; counts stand'),
    ('born_into_care', 'deprivation_by_lsoa2011', 'the fifth of deprivation is unknown'),
    ('care_rate', 'population_by_local_authority', 'rates per 10,000 children are null; counts stand'),
    ('private_law_applicants', 'families_by_region', 'rates per 10,000 families are null; counts stand'),
    ('private_law_applicants', 'deprivation_by_lsoa2011', 'the fifth of deprivation is unknown'),
    ('recurrent_mothers', 'deaths', 'nobody is censored at death'),
    ('cohort_contacts', 'pedw', 'its columns of contact are null'),
    ('cohort_contacts', 'edds', 'its columns of contact are null'),
    ('cohort_contacts', 'opdw', 'its columns of contact are null'),
    ('cohort_contacts', 'deaths', 'nobody is followed to death'),
] -%}
{%- for mart in ['parents_health', 'infants_health'] -%}
    {%- do inputs.extend([
        (mart, 'population_register', 'there is nobody to compare with: the mart is empty'),
        (mart, 'deprivation_by_lsoa2011', 'nobody is matched: there are cases without comparators'),
        (mart, 'pedw', health), (mart, 'edds', health), (mart, 'opdw', health),
    ]) -%}
{%- endfor -%}
{%- set reference = ['births_by_local_authority', 'deprivation_by_lsoa2011', 'families_by_region', 'population_by_local_authority'] -%}
{%- for mart, input, without in inputs %}
select
    '{{ mart }}' as mart,
    '{{ input }}' as input,
    {%- if input in reference %}
    exists (from {{ source('reference', input) }}) as is_there,
    {%- else %}
    {{ 'true' if refreshes_of(input) else 'false' }} as is_there,
    {%- endif %}
    '{{ without }}' as without_it
{{ 'union all' if not loop.last }}
{%- endfor %}
