{# Empty until the reference file of families is loaded: rates are then absent, counts stand. #}
select cast(null as varchar) as region_code, cast(null as integer) as year, cast(null as bigint) as families
where false
