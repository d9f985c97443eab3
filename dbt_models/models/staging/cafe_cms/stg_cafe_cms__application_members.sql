{{ refresh_union('cafcass_england_cms', 'SAILCAFEV', 'CAFE_CMS_TBLCASEAPPLICATIONMEMBER', {
    'application_member_id': ['CASEAPPLICATIONMEMBERID_E', 'bigint'],
    'application_id': ['CASEAPPLICATIONREF_E', 'bigint'],
    'person_id': ['MEMBERREF_E', 'bigint'],
    'member_type': ['MEMBERTYPE', 'bigint'],
    'converted_type': ['CONVERTEDTYPE', 'varchar'],
    'is_party': ['ISPARTY', 'varchar'],
    'is_la_representative': ['ISLAREP', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
