{{ refresh_union('population_register', 'SAILWDSDV', 'WDSD_AR_PERS', {
    'alf_e': ['ALF_E', 'bigint'],
    'register_person_id': ['PERS_ID_E', 'bigint'],
    'week_of_birth': ['WOB', 'date'],
    'death_date': ['DOD', 'date'],
    'gender_code': ['GNDR_CD', 'varchar'],
}, newest=true) }}
