with newest as (
    {{ newest_vintage('births_by_local_authority', ['la_cd', 'year']) | indent }}
)

select
    la_cd,
    year,
    births,
    vintage
from newest
