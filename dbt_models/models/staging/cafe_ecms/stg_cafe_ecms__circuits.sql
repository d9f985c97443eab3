{{ refresh_union('cafcass_england_ecms', 'SAILCAFEREFV', 'ECMS_CIRCUITREFS', {
    'circuit_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
