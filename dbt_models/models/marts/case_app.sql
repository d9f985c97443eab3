select distinct
    case_id,
    application_type as app_type_name,
    refresh,
    source
from {{ ref('int_applications') }}
where case_id is not null
