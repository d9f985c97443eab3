{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_TBLCRSPERSONRELATIONSHIP', {
    'person_relationship_id': ['PERSONRELATIONSHIPID_E', 'bigint'],
    'parent_id': ['PARENTREF_E', 'bigint'],
    'child_id': ['CHILDREF_E', 'bigint'],
    'relationship_type_id': ['RELATIONSHIPREF', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
