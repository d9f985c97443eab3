{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_PERSONRELATIONSHIPS', {
    'person_relationship_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'related_person_id': ['RELATEDPERSON_ID_E', 'bigint'],
    'relationship_type_id': ['RELATIONSHIPTYPE_ID', 'bigint'],
    'parental_responsibility_type_id': ['PARENTALRESPONSIBILITYTYPE_ID', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
