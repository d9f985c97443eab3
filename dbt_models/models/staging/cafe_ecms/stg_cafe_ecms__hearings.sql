{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_HEARINGS', {
    'hearing_id': ['ID_E', 'bigint'],
    'case_id': ['CASE_ID_E', 'bigint'],
    'hearing_date': ['HEARINGDATE', 'date'],
    'court_level_ref_id': ['COURTCOURTLEVELREF_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
