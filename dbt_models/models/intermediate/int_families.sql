with newest as (
    {{ newest_vintage('families_by_region', ['region_nm', 'year']) | indent }}
)

select
    region_nm,
    year,
    families,
    vintage
from newest
