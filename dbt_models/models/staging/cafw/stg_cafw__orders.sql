{{ refresh_union('cafcass_cymru', 'SAILCAFWV', 'CAFW_ORDERS', {
    'order_id': ['ORDER_ID_E', 'bigint'],
    'application_id': ['APPLICATION_ID_E', 'bigint'],
    'person_id': ['PERSON_ID_E', 'bigint'],
    'order_type': ['ORDER_TYPE', 'varchar'],
    'order_date': ['ORDER_DATE', 'date'],
    'available_from': ['AVAIL_FROM_DT', 'date'],
}) }}
