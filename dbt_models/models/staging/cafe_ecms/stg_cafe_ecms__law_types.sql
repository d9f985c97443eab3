{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_LAWTYPES', {
    'law_type_id': ['ID', 'bigint'],
    'caption': ['CAPTION', 'varchar'],
}) }}
