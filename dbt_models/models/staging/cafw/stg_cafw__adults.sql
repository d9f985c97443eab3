{{ refresh_union('cafcass_cymru', 'SAILCAFWV', 'CAFW_ADULTS', {
    'person_id': ['PERSON_ID_E', 'bigint'],
    'gender': ['GENDER', 'varchar'],
    'week_of_birth': ['WOB', 'date'],
    'alf_e': ['ALF_E', 'bigint'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
