-- Every recorded mother whose own link to the register has status 1 (NHS number), 4 (all fields agree) or 39.
SELECT DISTINCT people.source, people.person_id
FROM intermediate.int_people AS people
JOIN intermediate.int_relationships AS relationships
    ON relationships.source = people.source AND relationships.refresh = people.refresh
    AND relationships.parent_id = people.person_id AND relationships.relationship_group = 'parent'
WHERE people.alf_e IS NOT NULL AND people.alf_status IN ('1', '4', '39')
    AND (people.gender = 'Female' OR lower(relationships.relationship) = 'mother')
    AND coalesce(lower(relationships.relationship), '') <> 'father'
