{{ refresh_union('cafcass_england_ecms', 'SAILCAFEV', 'CAFE_ECMS_PEOPLE', {
    'person_id': ['ID_E', 'bigint'],
    'gender': ['GENDER', 'varchar'],
    'week_of_birth': ['WEEKOFBIRTH', 'date'],
    'alf_e': ['ALF_E', 'bigint'],
    'alf2_e': ['ALF2_E', 'bigint'],
    'mob_linkage': ['MOB_LINKAGE', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
