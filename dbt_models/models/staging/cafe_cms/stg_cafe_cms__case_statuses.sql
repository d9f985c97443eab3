{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPCASESTATUS', {
    'case_status_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
