{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPLANGUAGE', {
    'language_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
