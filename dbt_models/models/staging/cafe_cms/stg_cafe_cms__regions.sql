{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPREGION', {
    'region_id': ['REGIONID', 'bigint'],
    'name': ['REGION', 'varchar'],
}) }}
