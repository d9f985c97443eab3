{# Rows whose columns, taken together, are not a row of another model; rows with a null among them are let pass. #}
{% test refers_to(model, columns, to) %}
select {{ columns | join(', ') }}
from {{ model }} as referring
where {% for column in columns %}{{ column }} is not null{{ ' and ' if not loop.last }}{% endfor %}
    and not exists (
        from {{ to }} as referred
        where {% for column in columns %}referred.{{ column }} = referring.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
    )
{% endtest %}
