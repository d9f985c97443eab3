{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPRELIGION', {
    'religion_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
