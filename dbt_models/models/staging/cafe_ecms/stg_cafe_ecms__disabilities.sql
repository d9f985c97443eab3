{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_DISABILITIES', {
    'disability_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'disability_type_id': ['DISABILITYTYPE_ID', 'bigint'],
    'source_id': ['SOURCE_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
