{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPETHNICORIGIN', {
    'ethnic_origin_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
