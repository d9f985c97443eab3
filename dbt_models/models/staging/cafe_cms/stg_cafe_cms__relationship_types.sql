{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPCRSRELATIONSHIP', {
    'relationship_type_id': ['CRSRELATIONSHIPID', 'bigint'],
    'name': ['CRSRELATIONSHIP', 'varchar'],
}) }}
