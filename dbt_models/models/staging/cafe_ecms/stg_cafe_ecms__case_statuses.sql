{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_CASESTATUS', {
    'case_status_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
