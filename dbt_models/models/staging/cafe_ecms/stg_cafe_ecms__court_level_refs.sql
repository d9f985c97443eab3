{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_COURTCOURTLEVELREFS', {
    'court_level_ref_id': ['ID', 'bigint'],
    'court_full_name': ['COURTFULLNAME', 'varchar'],
    'court_id': ['COURT_ID', 'bigint'],
    'court_level_id': ['COURTLEVELREF_ID', 'bigint'],
}) }}
