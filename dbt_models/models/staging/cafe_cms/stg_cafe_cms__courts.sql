{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPCOURT', {
    'court_id': ['COURTID', 'bigint'],
    'name': ['COURT', 'varchar'],
    'court_level_id': ['COURTLEVELREF', 'bigint'],
    'circuit_id': ['CIRCUITREF', 'bigint'],
    'dfj_area_id': ['DFJAREAREF', 'bigint'],
}) }}
