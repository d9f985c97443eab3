{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_RELIGIONS', {
    'religion_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'religion_type_id': ['RELIGIONTYPE_ID', 'bigint'],
    'source_id': ['SOURCE_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
