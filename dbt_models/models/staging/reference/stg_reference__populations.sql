{# Empty until the reference file of populations is loaded: rates are then absent, counts stand. #}
select
    cast(null as varchar) as la_code, cast(null as integer) as year, cast(null as integer) as age,
    cast(null as bigint) as people
where false
