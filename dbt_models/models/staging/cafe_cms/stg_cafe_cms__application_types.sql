{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPCASEAPPLICATIONTYPE', {
    'application_type_id': ['CASEAPPLICATIONTYPEID', 'bigint'],
    'name': ['CASEAPPLICATIONTYPE', 'varchar'],
    'law_type_id': ['LAWTYPES', 'bigint'],
}, dated=false) }}
