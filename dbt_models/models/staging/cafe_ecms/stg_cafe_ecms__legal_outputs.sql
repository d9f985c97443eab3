{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_LEGALOUTPUTS', {
    'legal_output_id': ['ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'case_id': ['CASE_ID_E', 'bigint'],
    'application_id': ['APPLICATION_ID_E', 'bigint'],
    'legal_output_type_id': ['LEGALOUTPUTTYPE_ID', 'bigint'],
    'date_ordered': ['DATEORDERED', 'date'],
    'is_fpr_16_4': ['ISFPR164', 'boolean'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
