{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPDISABILITY', {
    'disability_id': ['DISABILITYID', 'bigint'],
    'name': ['DISABILITY', 'varchar'],
}) }}
