{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPLEGALOUTPUTCLASS', {
    'legal_output_class_id': ['LEGALOUTPUTCLASSID', 'bigint'],
    'name': ['LEGALOUTPUTCLASS', 'varchar'],
}) }}
