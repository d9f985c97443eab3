{# A name of a lookup without the stray Unicode that deposits carry: no invisible characters, one kind of space. #}
{% macro clean_name(column) -%}
    trim(regexp_replace(regexp_replace({{ column }}, '\p{Cf}', '', 'g'), '[\p{Z}\p{Cc}]+', ' ', 'g'))
{%- endmacro %}

{#
A week of birth with its century typo mended: 18xx and 79xx are 19xx, 22xx and 29xx are 20xx. Monday and date do not
move together over centuries, so the nearest Monday is taken, which is the week of the birthday. What is still
before 1900 or after the refresh is no week of birth.
#}
{% macro mended_week_of_birth(column, refresh) -%}
    {%- set moved -%}
    case year({{ column }}) // 100
        when 18 then cast(date_trunc('week', {{ column }} + interval 100 years + interval 3 days) as date)
        when 79 then cast(date_trunc('week', {{ column }} - interval 6000 years + interval 3 days) as date)
        when 22 then cast(date_trunc('week', {{ column }} - interval 200 years + interval 3 days) as date)
        when 29 then cast(date_trunc('week', {{ column }} - interval 900 years + interval 3 days) as date)
        else {{ column }}
    end
    {%- endset -%}
    case when {{ moved }} between date '1900-01-01' and cast(strptime({{ refresh }}, '%Y%m%d') as date) then {{ moved }} end
{%- endmacro %}

{# Age in completed years; null before birth. From a week of birth it may be a year too high within six days. #}
{% macro completed_years(born, on) -%}
    case when {{ born }} <= {{ on }} then cast(date_sub('year', {{ born }}, {{ on }}) as integer) end
{%- endmacro %}

{# Law type in one vocabulary: Public, Private, Unknown. #}
{% macro law_type(column) -%}
    case lower({{ clean_name(column) }}) when 'public' then 'Public' when 'private' then 'Private' else 'Unknown' end
{%- endmacro %}

{# The first role of var role_precedence that a row's flags give; none where no flag is set. #}
{% macro primary_role() -%}
    {%- set flags = {
        'subject': 'is_subject or is_subject_party', 'applicant': 'is_applicant',
        'respondent': 'is_respondent', 'other': 'is_other or is_other_party',
    } -%}
    case
        {%- for role in var('role_precedence') %}
        when {{ flags[role] }} then '{{ role }}'
        {%- endfor %}
        else 'none'
    end
{%- endmacro %}

{# Age bands of match rates from their lower bounds: 0, 1-4, …, 45 and over, unknown. #}
{% macro age_band(age) -%}
    {%- set bounds = var('match_rate_age_bands') -%}
    case
        {%- for lower in bounds[:-1] %}
        {%- set upper = bounds[loop.index] - 1 %}
        when {{ age }} between {{ lower }} and {{ upper }} then '{{ lower if lower == upper else lower ~ "-" ~ upper }}'
        {%- endfor %}
        when {{ age }} >= {{ bounds[-1] }} then '{{ bounds[-1] }} and over'
        else 'unknown'
    end
{%- endmacro %}

{# The names of one lookup's codes over all refreshes that are built: joined to rows of a source by refresh and code. #}
{% macro join_lookup(alias, lookup, source, refresh, code) -%}
    left join {{ ref('int_lookups') }} as {{ alias }}
        on {{ alias }}.source = '{{ source }}' and {{ alias }}.lookup = '{{ lookup }}'
        and {{ alias }}.refresh = {{ refresh }} and {{ alias }}.code = {{ code }}
{%- endmacro %}

{# A role of CMS in one code: MEMBERTYPE, or where it is 16 what CONVERTEDTYPE says in words. #}
{% macro cms_role() -%}
    case
        when member_type <> 16 then member_type
        when converted_type = 'Adult Applicant' then 1
        when converted_type = 'Adult Respondent' then 2
        when converted_type = 'Adult' then 8
    end
{%- endmacro %}

{# Whether a text flag of CMS is set; how it codes them is not public [R]. #}
{% macro cms_flag(column) -%}
    coalesce(lower({{ column }}) in ('true', 'yes', 'y', '1'), false)
{%- endmacro %}

{# Rows of a relation with the group of final orders that the name of their legal output belongs to. #}
{% macro with_output_groups(relation) -%}
    select named.*, coalesce(groups.output_group, 'none') as output_group
    from {{ relation }} as named
    left join (
        select names.legal_output, arg_min(patterns.output_group, patterns.precedence) as output_group
        from (select distinct legal_output from {{ relation }}) as names
        join {{ ref('legal_output_groups') }} as patterns
            on regexp_matches(lower(names.legal_output), patterns.pattern)
        group by all
    ) as groups using (legal_output)
{%- endmacro %}
