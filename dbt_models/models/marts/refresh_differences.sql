{{ config(materialized='view') }}

select
    dataset,
    refresh,
    against,
    measure,
    table_name,
    item,
    category,
    said,
    before,
    after,
    before_share,
    after_share,
    change,
    band,
    within_band,
    coalesce(not within_band, false) as is_beyond,
    special_access
from {{ source('databank_store', 'refresh_differences') }}
