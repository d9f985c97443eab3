-- Every child whom an s31 application (care, supervision) of 2015 or later is about.
SELECT DISTINCT child_key FROM intermediate.int_subjects WHERE is_s31 AND application_date >= DATE '2015-01-01'
