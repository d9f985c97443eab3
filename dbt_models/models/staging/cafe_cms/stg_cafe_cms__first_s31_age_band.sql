{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_FIRST_S31_AGE_BAND', {
    'person_id': ['PERSON_ID_E', 'bigint'],
    'age_band_first_s31': ['AGE_BAND_FIRST_S31', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
