-- Every recorded mother who is herself on an s31 case of her child.
SELECT DISTINCT mother_key FROM intermediate.int_s31_children WHERE mother_key IS NOT NULL
