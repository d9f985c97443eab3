{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_LEGALOUTPUTTYPES', {
    'legal_output_type_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
    'sort_order': ['SORTORDER', 'bigint'],
    'is_active': ['ISACTIVE', 'boolean'],
    'is_locked': ['ISLOCKED', 'boolean'],
    'public_sort_order': ['PUBLICSORTORDER', 'bigint'],
    'private_sort_order': ['PRIVATESORTORDER', 'bigint'],
    'applies_to_subject': ['APPLIESTOSUBJECT', 'boolean'],
    'all_application_types': ['ALLAPPLICATIONTYPES', 'boolean'],
}) }}
