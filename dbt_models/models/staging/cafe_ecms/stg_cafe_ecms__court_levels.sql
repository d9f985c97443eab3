{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_COURTLEVELREFS', {
    'court_level_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
