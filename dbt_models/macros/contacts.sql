{#
Where people are found in each source, one entry a table of events: a new source takes part by an entry of its own.

dataset: whose newest refresh that is built is read
kind: SQL for what sort of contact a row is
tables: SQL for FROM, with * for the refresh date
alf, day: SQL for the person's linking field and the source's own date of the event
#}
{% macro contact_tables() -%}
    {{ return([
        {'dataset': 'pedw', 'kind': "'hospital'", 'tables': 'SAILPEDWV.PEDW_SPELL_*',
         'alf': 'ALF_E', 'day': 'ADMIS_DT'},
        {'dataset': 'edds', 'kind': "'emergency'", 'tables': 'SAILEDDSV.EDDS_EDDS_*',
         'alf': 'ALF_E', 'day': 'ADMIN_ARR_DT'},
        {'dataset': 'opdw', 'kind': "case when ATTEND_CD in ('5', '6') then 'outpatient' else 'not seen' end",
         'tables': 'SAILOPDWV.OPDW_OUTPATIENTS_*', 'alf': 'ALF_E', 'day': 'ATTEND_DT'},
        {'dataset': 'education', 'kind': "'school census'",
         'tables': 'SAILEDUWV.EDUW_PUPIL_* join SAILEDUWV.EDUW_PUPIL_ALF_* on PERSON_ID_E = IRN_E',
         'alf': 'ALF_E', 'day': 'make_date(YEAR // 100, least(greatest(YEAR % 100, 1), 12), 1)'},
        {'dataset': 'deaths', 'kind': "'death'", 'tables': 'SAILADDEV.ADDE_DEATHS_*',
         'alf': 'ALF_E', 'day': 'DEATH_DT'},
        {'dataset': 'child_health', 'kind': "'birth'", 'tables': 'SAILNCCHV.NCCH_CHILD_BIRTHS_*',
         'alf': 'ALF_E', 'day': 'WOB'},
        {'dataset': 'child_health', 'kind': "'birth of a child'", 'tables': 'SAILNCCHV.NCCH_CHILD_BIRTHS_*',
         'alf': 'MAT_ALF_E', 'day': 'WOB'},
        {'dataset': 'children_looked_after', 'kind': "'looked after'",
         'tables': 'SAILLACWV.LACW_EPISODE_MAIN_* join SAILLACWV.LACW_PUPIL_ALF_* on PERSON_ID_E = HYBRID_ID_E',
         'alf': 'ALF_E', 'day': 'EPISODE_START_DATE'},
        {'dataset': 'care_and_support', 'kind': "'care and support'",
         'tables': 'SAILCRCSV.CRCS_MAIN_CRCS_* join SAILCRCSV.CRCS_PUPIL_ALF_* on PERSON_ID_E = CHILD_CODE_E',
         'alf': 'ALF_E', 'day': 'coalesce(DATE_OF_DATA_COLLECTION, case when YEAR_CODE > 190000 then make_date(YEAR_CODE // 100 + 1, 3, 31) end)'},
        {'dataset': 'childrens_social_care_england', 'kind': "'referral'",
         'tables': 'SAILCSCEV.CSCE_CINDETAILS_* join SAILCSCEV.CSCE_ALF_* on PERSON_ID_E = CHILD_E',
         'alf': 'ALF_E', 'day': 'CINREFERRALDATE'},
        {'dataset': 'childrens_social_care_england', 'kind': "'looked after'",
         'tables': 'SAILCSCEV.CSCE_EPISODES_* join SAILCSCEV.CSCE_ALF_* on PERSON_ID_E = CHILD_E',
         'alf': 'ALF_E', 'day': 'DECOM'},
        {'dataset': 'family_court', 'kind': "'court case'",
         'tables': 'SAILFACOV.FACO_PARTIES_* join SAILFACOV.FACO_CASES_* using (CASE_NUMBER_E) '
            ~ 'join SAILFACOV.FACO_ALF_* using (PERSON_ID_E)',
         'alf': 'ALF_E', 'day': 'DATE_ISSUED'},
    ]) }}
{%- endmacro %}
