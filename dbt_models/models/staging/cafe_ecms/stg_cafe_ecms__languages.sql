{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_LANGUAGES', {
    'language_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'language_type_id': ['LANGUAGETYPE_ID', 'bigint'],
    'source_id': ['SOURCE_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
