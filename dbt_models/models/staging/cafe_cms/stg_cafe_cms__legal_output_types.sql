{{ refresh_union('cafcass_england_cms', 'SAILCAFEREFV', 'CMS_TLKPLEGALOUTPUTTYPE', {
    'legal_output_type_id': ['LEGALOUTPUTTYPEID', 'bigint'],
    'name': ['LEGALOUTPUTTYPE', 'varchar'],
    'legal_output_class_id': ['LEGALOUTPUTCLASSREF', 'bigint'],
}) }}
