-- Every applicant or respondent in private law, for example as people to compare with.
SELECT DISTINCT source, person_id FROM intermediate.int_roles
WHERE law_type = 'Private' AND (is_applicant OR is_respondent)
