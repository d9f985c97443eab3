{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_DJAREAREFS', {
    'dfj_area_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
