{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_COURTFORMS', {
    'court_form_id': ['ID', 'bigint'],
    'form_name': ['FORMNAME', 'varchar'],
}) }}
