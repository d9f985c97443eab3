{# Empty until the reference file of local authorities is loaded: regions are then unknown, names stand. #}
select
    cast(null as varchar) as la_code, cast(null as varchar) as la_name, cast(null as varchar) as region,
    cast(null as varchar) as nation
where false
