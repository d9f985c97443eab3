{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPLAWTYPE', {
    'law_type_id': ['ITEMID', 'bigint'],
    'caption': ['CAPTION', 'varchar'],
}) }}
