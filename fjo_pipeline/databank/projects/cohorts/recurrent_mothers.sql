-- Every mother with a later s31 case after her first, proceedings that overlap taken as one set (docs/models.md).
SELECT DISTINCT mother_key FROM marts.recurrent_mothers WHERE is_recurrent AND set_rule = 'overlapping is one set'
