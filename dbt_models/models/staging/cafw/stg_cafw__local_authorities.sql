{{ refresh_union('cafcass_cymru', 'SAILCAFWREFV', 'LOCALAUTHORITIES', {
    'local_authority_id': ['ID', 'bigint'],
    'name': ['NAME', 'varchar'],
}) }}
