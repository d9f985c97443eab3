{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_TBLLEGALOUTPUT', {
    'legal_output_id': ['LEGALOUTPUTID_E', 'bigint'],
    'case_id': ['CASEREF_E', 'bigint'],
    'case_hearing_id': ['CASEHEARINGREF_E', 'bigint'],
    'legal_output_type_id': ['LEGALOUTPUTTYPEREF', 'bigint'],
    'further_work_type_id': ['FURTHERWORKTYPEREF', 'bigint'],
    'is_cafcass_work': ['ISCAFCASSWORK', 'varchar'],
    'expiry_date': ['EXPIRYDATE', 'date'],
    'is_final': ['ISFINAL', 'varchar'],
    'legal_order_hearing_date': ['LEGALORDERHEARINGDATE', 'date'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
