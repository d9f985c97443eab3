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

{# Whether two nested counts may both be let out: the parts, and what their difference shows, reach the threshold. #}
{% macro may_be_let_out(whole, part) -%}
    ({{ part }} >= {{ var('disclosure_threshold') }} and {{ whole }} - {{ part }} >= {{ var('disclosure_threshold') }})
{%- endmacro %}

{# A count to the nearest multiple of the rounding base. #}
{% macro rounded(count) -%}
    cast(round({{ count }} / {{ var('disclosure_rounding') }}) * {{ var('disclosure_rounding') }} as bigint)
{%- endmacro %}
