{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_LOCALAUTHORITIES', {
    'local_authority_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
