{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_SOURCES', {
    'source_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
