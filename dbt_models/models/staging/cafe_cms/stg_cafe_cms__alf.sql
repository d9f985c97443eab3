{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_ALF', {
    'person_id': ['PERSON_ID_E', 'bigint'],
    'alf_e': ['ALF_E', 'bigint'],
    'alf_status': ['ALF_STS_CD', 'varchar'],
    'alf_match_pct': ['ALF_MTCH_PCT', 'decimal(7,6)'],
    'week_of_birth': ['WOB', 'date'],
    'gender_code': ['GNDR_CD', 'varchar'],
    'lsoa': ['LSOA_CD', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
