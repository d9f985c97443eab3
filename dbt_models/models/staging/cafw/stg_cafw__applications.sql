{{ refresh_union('cafcass_cymru', 'SAILCAFWV', 'CAFW_APPLICATIONS', {
    'application_id': ['APPLICATION_ID_E', 'bigint'],
    'law_type': ['LAW_TYPE', 'varchar'],
    'application_type': ['APPLICATION_TYPE', 'varchar'],
    'date_issued': ['DATE_ISSUED', 'date'],
    'date_closed': ['DATE_CLOSED', 'date'],
    'court_name': ['COURT', 'varchar'],
    'local_authority_id': ['LOCAL_AUTHORITY', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
