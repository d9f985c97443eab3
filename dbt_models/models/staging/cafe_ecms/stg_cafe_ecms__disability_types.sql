{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_DISABILITYTYPES', {
    'disability_type_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
    'sort_order': ['SORTORDER', 'bigint'],
    'is_locked': ['ISLOCKED', 'boolean'],
    'is_active': ['ISACTIVE', 'boolean'],
}) }}
