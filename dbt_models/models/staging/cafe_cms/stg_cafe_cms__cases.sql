{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_TBLCASE', {
    'case_id': ['CASEID_E', 'bigint'],
    'case_status_id': ['CASESTATUSREF', 'bigint'],
    'local_authority_id': ['LOCALAUTHORITYREF', 'bigint'],
    'region_id': ['REGIONREF', 'bigint'],
    'law_type_id': ['LAWTYPEREF', 'bigint'],
}) }}
