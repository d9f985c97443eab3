{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPLOCALAUTHORITY', {
    'local_authority_id': ['LOCALAUTHORITYID', 'bigint'],
    'name': ['AUTHORITY', 'varchar'],
}) }}
