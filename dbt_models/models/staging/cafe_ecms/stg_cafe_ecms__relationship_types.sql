{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_RELATIONSHIPTYPES', {
    'relationship_type_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
    'sort_order': ['SORTORDER', 'bigint'],
    'is_locked': ['ISLOCKED', 'boolean'],
    'is_active': ['ISACTIVE', 'boolean'],
    'is_primary': ['ISPRIMARY', 'boolean'],
    'inverse_relationship_type_id': ['INVERSEREF', 'bigint'],
    'relationship_male': ['RELATIONSHIPMALE', 'varchar'],
    'relationship_female': ['RELATIONSHIPFEMALE', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
