{# Empty until the reference file of births is loaded: rates are then absent, counts stand. #}
select cast(null as varchar) as la_code, cast(null as integer) as year, cast(null as bigint) as births
where false
