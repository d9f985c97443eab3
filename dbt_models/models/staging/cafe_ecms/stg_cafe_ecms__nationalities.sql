{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_NATIONALITIES', {
    'nationality_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'nationality_type_id': ['NATIONALITYTYPE_ID', 'bigint'],
    'source_id': ['SOURCE_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
