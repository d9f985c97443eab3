{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_APPLICATIONTYPES', {
    'application_type_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
