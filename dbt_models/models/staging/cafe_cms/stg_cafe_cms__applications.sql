{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_TBLCASEAPPLICATION', {
    'application_id': ['CASEAPPLICATIONID_E', 'bigint'],
    'case_id': ['CASEREF_E', 'bigint'],
    'application_type_id': ['CASEAPPLICATIONTYPEREF', 'bigint'],
    'court_id': ['COURTREF', 'bigint'],
    'date_of_application': ['DATEOFAPPLICATION', 'date'],
    'date_received': ['DATERECEIVED', 'date'],
    'date_completed': ['DATECOMPLETED', 'date'],
    'date_application_completed': ['DATEAPPLICATIONCOMPLETED', 'date'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
