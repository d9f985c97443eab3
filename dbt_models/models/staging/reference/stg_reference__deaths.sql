{# Empty until a table of deaths is in the databank: people are then followed to the end of the data. #}
select cast(null as bigint) as alf_e, cast(null as date) as death_date
where false
