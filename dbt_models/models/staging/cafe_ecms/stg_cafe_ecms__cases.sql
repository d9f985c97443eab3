{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_CASES', {
    'case_id': ['ID_E', 'bigint'],
    'date_received': ['DATERECEIVED', 'date'],
    'closure_date': ['CLOSUREDATE', 'date'],
    'reopen_date': ['REOPENDATE', 'date'],
    'harm': ['HARM', 'varchar'],
    'court_form_id': ['COURTFORM_ID', 'bigint'],
    'law_type_id': ['LAWTYPE_ID', 'bigint'],
    'local_authority_id': ['LOCALAUTHORITY_ID', 'bigint'],
    'case_status_id': ['CASESTATU_ID', 'bigint'],
    'court_level_ref_id': ['COURTCOURTLEVELREF_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
