{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_TBLPERSON', {
    'person_id': ['PERSONID_E', 'bigint'],
    'gender': ['GENDER', 'varchar'],
    'week_of_birth': ['WEEKOFBIRTH', 'date'],
    'ethnic_origin_id': ['ETHNICREF', 'bigint'],
    'religion_id': ['RELIGIONREF', 'bigint'],
    'first_language_id': ['FIRSTLANGUAGEREF', 'bigint'],
    'interpreter_required': ['INTERPRETERREQ', 'varchar'],
    'disability_id': ['DISABILITYREF', 'bigint'],
    'alf_e': ['ALF_E', 'bigint'],
    'alf2_e': ['ALF2_E', 'bigint'],
    'mob_linkage': ['MOB_LINKAGE', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
