select
    case_id,
    hearing_date,
    court_id,
    refresh,
    source
from {{ ref('int_hearings') }}
