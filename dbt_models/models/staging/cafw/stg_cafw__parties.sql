{{ refresh_union('cafcass_cymru', 'SAILCAFWV', 'CAFW_PARTIES', {
    'party_id': ['PARTY_ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'application_id': ['APPLICATION_ID_E', 'bigint'],
    'party_role': ['PARTY_ROLE', 'varchar'],
    'relationship_to_child': ['RELATIONSHIP_TO_CHILD', 'varchar'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
