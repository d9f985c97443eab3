with newest as (
    {{ newest_vintage('population_by_local_authority', ['la_cd', 'year', 'sex', 'age']) | indent }}
)

select
    la_cd,
    year,
    sex,
    age,
    population,
    vintage
from newest
