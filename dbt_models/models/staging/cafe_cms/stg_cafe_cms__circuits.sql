{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPCIRCUIT', {
    'circuit_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
