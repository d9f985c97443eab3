{{ refresh_union('cafcass_cymru', 'SAILCAFWV', 'CAFW_HEARINGS', {
    'hearing_id': ['HEARING_ID_E', 'bigint'],
    'application_id': ['APPLICATION_ID_E', 'bigint'],
    'hearing_date': ['HEARING_DATE', 'date'],
    'hearing_type': ['HEARING_TYPE', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
