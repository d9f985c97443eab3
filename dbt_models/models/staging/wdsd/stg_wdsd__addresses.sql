{{ refresh_union('population_register', 'SAILWDSDV', 'WDSD_AR_PERS_ADD', {
    'register_person_id': ['PERS_ID_E', 'bigint'],
    'from_date': ['FROM_DT', 'date'],
    'to_date': ['TO_DT', 'date'],
    'lsoa': ['LSOA2011_CD', 'varchar'],
}, newest=true) }}
