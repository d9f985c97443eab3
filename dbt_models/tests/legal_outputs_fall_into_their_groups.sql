-- Names of legal outputs whose group by the seed is not the one that an analyst would give them.
with expected(name, output_group) as (
    values
        ('Care Order', 'co_sao'),
        ('Care Order (by consent)', 'co_sao'),
        ('Secure Accommodation Order', 'co_sao'),
        ('Interim Care Order', 'none'),
        ('Care Order (discharged)', 'dis_ono'),
        ('Discharge of Care Order', 'dis_ono'),
        ('Discharge of Special Guardianship Order', 'dis_ono'),
        ('Order of No Order', 'dis_ono'),
        ('Case closed - no order', 'none'),
        ('Guardian discharged', 'none'),
        ('Supervision Order', 'fao_so'),
        ('Supervision Order extended', 'none'),
        ('Interim Supervision Order', 'none'),
        ('Education Supervision Order', 'none'),
        ('Family Assistance Order', 'fao_so'),
        ('Special Guardianship Order', 'ro_sgo_cao'),
        ('Special Guardianship Order (interim)', 'none'),
        ('Residence Order (pre 2014)', 'ro_sgo_cao'),
        ('CAO - lives with', 'ro_sgo_cao'),
        ('CAO - spend time with (interim)', 'none'),
        ('CAO enforcement - unpaid work', 'none'),
        ('Child Arrangements Order', 'ro_sgo_cao'),
        ('Placement Order', 'po'),
        ('Placement Order revoked', 'none'),
        ('Emergency Protection Order', 'none'),
        ('Application dismissed', 'none')
),

given as (
    select expected.name, coalesce(arg_min(patterns.output_group, patterns.precedence), 'none') as output_group
    from expected
    left join {{ ref('legal_output_groups') }} as patterns
        on regexp_matches(lower(expected.name), patterns.pattern)
    group by all
)

select expected.name, expected.output_group as expected_group, given.output_group as given_group
from expected
join given using (name)
where expected.output_group <> given.output_group
