-- People with a linking field but no linking status, or a linking status but no linking field.
select source, refresh, alf_status
from {{ ref('int_people') }}
where (alf_e is not null) <> coalesce(alf_status in ('1', '4', '39', '35'), false)
