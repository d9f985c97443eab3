{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_COURTS', {
    'court_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
    'dfj_area_id': ['DJAREAREF_ID', 'bigint'],
    'circuit_id': ['CIRCUITREF_ID', 'bigint'],
}) }}
