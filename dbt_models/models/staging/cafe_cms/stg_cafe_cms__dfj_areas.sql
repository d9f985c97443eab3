{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPDFJAREA', {
    'dfj_area_id': ['ITEMID', 'bigint'],
    'name': ['CAPTION', 'varchar'],
}) }}
