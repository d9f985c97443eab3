{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPCOURTLEVEL', {
    'court_level_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
