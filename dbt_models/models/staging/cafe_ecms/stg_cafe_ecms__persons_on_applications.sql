{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_PERSONSONAPPLICATIONS', {
    'person_on_application_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'application_id': ['APPLICATION_ID_E', 'bigint'],
    'is_subject': ['ISSUBJECT', 'boolean'],
    'is_respondent': ['ISRESPONDENT', 'boolean'],
    'is_applicant': ['ISAPPLICANT', 'boolean'],
    'is_other': ['ISOTHER', 'boolean'],
    'is_subject_party': ['ISSUBJECTPARTY', 'boolean'],
    'is_other_party': ['ISOTHERPARTY', 'boolean'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
