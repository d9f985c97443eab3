"""Contracts: the shipped ones say what domain.md §3 says, and a mistake in one is refused with its line and place."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from fjo_pipeline.core.contracts import CONTRACTS, contract, datasets, load_contract
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.key_ranking import parse_pattern
from fjo_pipeline.core.linking_field import DOMAIN

NAMES = sorted(path.stem for path in CONTRACTS.glob("*.yaml"))

# domain.md §3, as the Observatory's researchers read the tables; ids without the suffix of their layer.
ECMS_TABLES = {
    "CASES": "ID DATERECEIVED CLOSUREDATE REOPENDATE HARM COURTFORM_ID LAWTYPE_ID LOCALAUTHORITY_ID CASESTATU_ID "
    "COURTCOURTLEVELREF_ID AVAIL_FROM_DT",
    "APPLICATIONS": "ID CASE_ID APPLICATIONTYPE1_ID COURTCOURTLEVELREF_ID DATEOFAPPLICATION DATERECEIVED DATENOTIFIED "
    "DATECOMPLETED DATEAPPLICATIONCOMPLETED NEWAPPLICATIONDATE REVOCATIONAPPLICANTTYPEID APPLICATIONREASON_ID "
    "AVAIL_FROM_DT",
    "PERSONSONAPPLICATIONS": "ID PERSON_ID APPLICATION_ID ISSUBJECT ISRESPONDENT ISAPPLICANT ISOTHER ISSUBJECTPARTY "
    "ISOTHERPARTY AVAIL_FROM_DT",
    "PEOPLE": "ID GENDER WEEKOFBIRTH ALF ALF2 MOB_LINKAGE AVAIL_FROM_DT",
    "ETHNICITIES": "ID PERSON_ID ETHNICITYTYPE_ID SOURCE_ID AVAIL_FROM_DT",
    "RELIGIONS": "ID PERSON_ID RELIGIONTYPE_ID SOURCE_ID AVAIL_FROM_DT",
    "NATIONALITIES": "ID PERSON_ID NATIONALITYTYPE_ID SOURCE_ID AVAIL_FROM_DT",
    "LANGUAGES": "ID PERSON_ID LANGUAGETYPE_ID SOURCE_ID AVAIL_FROM_DT",
    "DISABILITIES": "ID PERSON_ID DISABILITYTYPE_ID SOURCE_ID AVAIL_FROM_DT",
    "PERSONRELATIONSHIPS": "ID PERSON_ID RELATEDPERSON_ID RELATIONSHIPTYPE_ID PARENTALRESPONSIBILITYTYPE_ID "
    "AVAIL_FROM_DT",
    "LEGALOUTPUTS": "ID PERSON_ID CASE_ID APPLICATION_ID LEGALOUTPUTTYPE_ID DATEORDERED ISFPR164 AVAIL_FROM_DT",
    "HEARINGS": "ID CASE_ID HEARINGDATE COURTCOURTLEVELREF_ID AVAIL_FROM_DT",
}
ECMS_LOOKUPS = {
    "APPLICATIONTYPES": "ID NAME",
    "LAWTYPES": "ID CAPTION",
    "CASESTATUS": "ID NAME",
    "COURTFORMS": "ID FORMNAME",
    "LOCALAUTHORITIES": "ID NAME",
    "COURTS": "ID NAME DJAREAREF_ID CIRCUITREF_ID",
    "COURTCOURTLEVELREFS": "ID COURTFULLNAME COURT_ID COURTLEVELREF_ID",
    "COURTLEVELREFS": "ID NAME",
    "DJAREAREFS": "ID NAME",
    "CIRCUITREFS": "ID NAME",
    "LEGALOUTPUTTYPES": "ID NAME SORTORDER ISACTIVE ISLOCKED PUBLICSORTORDER PRIVATESORTORDER APPLIESTOSUBJECT "
    "ALLAPPLICATIONTYPES",
    "RELATIONSHIPTYPES": "ID NAME SORTORDER ISLOCKED ISACTIVE ISPRIMARY INVERSEREF RELATIONSHIPMALE "
    "RELATIONSHIPFEMALE AVAIL_FROM_DT",
    "ETHNICITYTYPES": "ID NAME SORTORDER ISLOCKED ISACTIVE",
    "RELIGIONTYPES": "ID NAME SORTORDER ISLOCKED ISACTIVE",
    "NATIONALITYTYPES": "ID NAME SORTORDER ISLOCKED ISACTIVE",
    "LANGUAGETYPES": "ID NAME SORTORDER ISLOCKED ISACTIVE",
    "DISABILITYTYPES": "ID NAME SORTORDER ISLOCKED ISACTIVE",
    "SOURCES": "ID NAME",
}
CMS_TABLES = {
    "TBLCASE": "CASEID CASESTATUSREF LOCALAUTHORITYREF REGIONREF LAWTYPEREF",
    "TBLCASEAPPLICATION": "CASEAPPLICATIONID CASEREF CASEAPPLICATIONTYPEREF COURTREF DATEOFAPPLICATION DATERECEIVED "
    "DATECOMPLETED DATEAPPLICATIONCOMPLETED AVAIL_FROM_DT",
    "TBLCASEAPPLICATIONMEMBER": "CASEAPPLICATIONMEMBERID CASEAPPLICATIONREF MEMBERREF MEMBERTYPE CONVERTEDTYPE ISPARTY "
    "ISLAREP AVAIL_FROM_DT",
    "TBLPERSON": "PERSONID GENDER WEEKOFBIRTH ETHNICREF RELIGIONREF FIRSTLANGUAGEREF INTERPRETERREQ DISABILITYREF ALF "
    "ALF2 MOB_LINKAGE AVAIL_FROM_DT",
    "TBLCRSPERSONRELATIONSHIP": "PERSONRELATIONSHIPID PARENTREF CHILDREF RELATIONSHIPREF AVAIL_FROM_DT",
    "TBLLEGALOUTPUT": "LEGALOUTPUTID CASEREF CASEHEARINGREF LEGALOUTPUTTYPEREF FURTHERWORKTYPEREF ISCAFCASSWORK "
    "EXPIRYDATE ISFINAL LEGALORDERHEARINGDATE AVAIL_FROM_DT",
}
CMS_IDS = {
    "TBLCASE": "CASEID",
    "TBLCASEAPPLICATION": "CASEAPPLICATIONID CASEREF",
    "TBLCASEAPPLICATIONMEMBER": "CASEAPPLICATIONMEMBERID CASEAPPLICATIONREF MEMBERREF",
    "TBLPERSON": "PERSONID ALF ALF2",
    "TBLCRSPERSONRELATIONSHIP": "PERSONRELATIONSHIPID PARENTREF CHILDREF",
    "TBLLEGALOUTPUT": "LEGALOUTPUTID CASEREF CASEHEARINGREF",
}
CMS_LOOKUPS = {
    "TLKPCASEAPPLICATIONTYPE": "CASEAPPLICATIONTYPEID CASEAPPLICATIONTYPE LAWTYPES",
    "TLKPCOURT": "COURTID COURT COURTLEVELREF CIRCUITREF DFJAREAREF",
    "TLKPCOURTLEVEL": "ITEMID CAPTION",
    "TLKPCIRCUIT": "ITEMID CAPTION",
    "TLKPDFJAREA": "ITEMID CAPTION",
    "TLKPLAWTYPE": "ITEMID CAPTION",
    "TLKPCASESTATUS": "ITEMID CAPTION",
    "TLKPETHNICORIGIN": "ITEMID CAPTION",
    "TLKPLANGUAGE": "ITEMID CAPTION",
    "TLKPRELIGION": "ITEMID CAPTION",
    "TLKPLOCALAUTHORITY": "LOCALAUTHORITYID AUTHORITY",
    "TLKPREGION": "REGIONID REGION",
    "TLKPDISABILITY": "DISABILITYID DISABILITY",
    "TLKPLEGALOUTPUTTYPE": "LEGALOUTPUTTYPEID LEGALOUTPUTTYPE LEGALOUTPUTCLASSREF",
    "TLKPLEGALOUTPUTCLASS": "LEGALOUTPUTCLASSID LEGALOUTPUTCLASS",
    "TLKPCRSRELATIONSHIP": "CRSRELATIONSHIPID CRSRELATIONSHIP",
}
CMS_CODES_WITHOUT_LOOKUP = {"CASEHEARINGREF", "FURTHERWORKTYPEREF"}
ECMS_CODES_WITHOUT_LOOKUP = {"REVOCATIONAPPLICANTTYPEID", "APPLICATIONREASON_ID", "PARENTALRESPONSIBILITYTYPE_ID"}


def columns(dataset: str, kinds: set[str]) -> dict[str, str]:
    tables = contract(dataset).tables
    return {table.sail: " ".join(table.curated_columns) for table in tables if table.kind in kinds}


def test_each_ecms_table_has_exactly_the_columns_that_its_users_read() -> None:
    assert columns("cafcass_england_ecms", {"data", "people"}) == ECMS_TABLES


def test_each_ecms_lookup_has_exactly_the_columns_that_its_users_read() -> None:
    assert columns("cafcass_england_ecms", {"lookup"}) == ECMS_LOOKUPS


def test_each_cms_table_has_exactly_the_columns_that_its_users_read() -> None:
    assert columns("cafcass_england_cms", {"data", "people"}) == CMS_TABLES
    assert columns("cafcass_england_cms", {"lookup"}) == CMS_LOOKUPS


def test_the_ids_of_cms_are_those_that_carry_a_suffix_in_sail() -> None:
    tables = [table for table in contract("cafcass_england_cms").tables if table.kind != "lookup"]
    ids = {table.sail: " ".join(each for each in table.curated_columns if table.is_id(each)) for table in tables}
    assert ids == CMS_IDS


def test_names_of_cms_are_those_of_sail_and_one_lookup_s_has_no_date() -> None:
    cms = contract("cafcass_england_cms")
    assert cms.curated_name(cms.table("person"), "20191220") == "CAFE_CMS_TBLPERSON_20191220"
    assert cms.curated_name(cms.table("court"), "20191220") == "CMS_TLKPCOURT_20191220"
    assert cms.schema_of(cms.table("court")) == "SAILCAFEREFV"
    assert [table.name for table in cms.tables if not table.dated] == ["caseapplicationtype"]
    assert cms.curated_name(cms.table("caseapplicationtype"), "20191220") == "CMS_TLKPCASEAPPLICATIONTYPE"


def test_every_key_and_code_of_cms_that_has_a_table_or_lookup_refers_to_it() -> None:
    for table in contract("cafcass_england_cms").tables:
        referring = {key.fields for key in table.table_schema.foreign_keys}
        codes = {field.name for field in table.fields if field.name.endswith("REF")}
        assert codes - CMS_CODES_WITHOUT_LOOKUP == referring, table.name


def test_cms_has_its_characteristics_in_its_table_of_people_which_is_special_access() -> None:
    assert [table.sail for table in contract("cafcass_england_cms").tables if table.special_access] == ["TBLPERSON"]


def test_no_two_datasets_share_a_name_in_the_schemas_that_they_share() -> None:
    names = [
        (dataset.schema_of(table), dataset.curated_name(table, "20240111"))
        for dataset in datasets()
        for table in dataset.tables
        if table.curated
    ]
    assert len(set(names)) == len(names)


def test_dated_names_are_those_of_sail() -> None:
    ecms, cymru = contract("cafcass_england_ecms"), contract("cafcass_cymru")
    assert ecms.curated_name(ecms.table("cases"), "20240111") == "CAFE_ECMS_CASES_20240111"
    assert ecms.schema_of(ecms.table("sources")) == "SAILCAFEREFV"
    assert ecms.curated_name(ecms.table("sources"), "20240111") == "ECMS_SOURCES_20240111"
    assert cymru.curated_name(cymru.table("orders"), "20230622") == "CAFW_ORDERS_20230622"
    assert cymru.curated_name(cymru.table("localauthorities"), "20230622") == "LOCALAUTHORITIES_20230622"


def test_characteristics_and_nothing_else_of_ecms_are_special_access() -> None:
    special = {table.sail for table in contract("cafcass_england_ecms").tables if table.special_access}
    assert special == {"ETHNICITIES", "RELIGIONS", "NATIONALITIES", "LANGUAGES", "DISABILITIES"}


def test_court_case_numbers_never_leave_the_provider() -> None:
    assert contract("cafcass_england_ecms").table("cases").field("COURTCASENUMBER").role == "drop"
    assert contract("cafcass_england_cms").table("case").field("COURTCASENUMBER").role == "drop"


def test_what_no_public_source_describes_says_that_it_is_a_reconstruction() -> None:
    assert [table.sail for table in contract("cafcass_england_ecms").tables if table.reconstruction] == ["HEARINGS"]
    assert all(table.reconstruction for table in contract("cafcass_cymru").tables)
    assert "[R]" in contract("cafcass_england_ecms").table("people").field("MOB_LINKAGE").description


HEALTH = {"pedw", "edds", "opdw", "deaths", "child_health"}


def test_people_of_every_dataset_send_name_birth_gender_and_address_to_file_1_and_health_its_numbers() -> None:
    wanted = {f"ADDRESS_{line}" for line in range(1, 6)}
    wanted |= {"FORENAME", "SURNAME", "DATE_OF_BIRTH", "GENDER_CD", "POSTCODE", "ADDRESS_CONFIDENTIAL"}
    for dataset in datasets():
        for table in dataset.people_tables:
            sent = {field.file_1 for field in table.fields if field.file_1}
            assert sent == wanted | ({"NHS_NUMBER"} if dataset.name in HEALTH else set()), (dataset.name, table.name)


# Columns that public user code reads in SAIL, cited in each contract's `source`; ids without their layer's suffix.
SAIL_TABLES = {
    "pedw": {
        "PEDW_SPELL": "PROV_UNIT_CD SPELL_NUM ALF ALF_STS_CD ALF_MTCH_PCT GNDR_CD RES_DHA_CD RES_WARD_CD ADMIS_DT "
        "ADMIS_MTHD_CD ADMIS_SOURCE_CD ADMIS_SPEC_CD DISCH_DT DISCH_MTHD_CD DISCH_DESTINATION_CD DISCH_SPEC_CD "
        "AVAIL_FROM_DT",
        "PEDW_EPISODE": "PROV_UNIT_CD SPELL_NUM EPI_NUM EPI_STR_DT EPI_END_DT EPI_DUR AGE_EPI_STR_YR DIAG_CD_123 "
        "DIAG_CD_4 DIAG_CD_1234 OPER_CD AVAIL_FROM_DT",
        "PEDW_DIAG": "PROV_UNIT_CD SPELL_NUM EPI_NUM DIAG_NUM DIAG_CD DIAG_CD_123 DIAG_CD_1234 AVAIL_FROM_DT",
    },
    "child_health": {
        "NCCH_CHILD_BIRTHS": "CHILD_ID ALF ALF_STS_CD ALF_MTCH_PCT WOB GNDR_CD LSOA_CD_BIRTH BIRTH_TM BIRTH_WEIGHT "
        "GEST_AGE BIRTH_ORDER TOT_BIRTH_NUM STILLBIRTH_FLG APGAR_2 LABOUR_ONSET_CD DEL_CD MAT_CARE_CD MAT_ALF "
        "MAT_ALF_STS_CD MAT_ALF_MTCH_PCT MAT_AGE MAT_SMOKING_CD PREV_LIVE_BIRTHS PREV_STILLBIRTH BREASTFEED_BIRTH_FLG "
        "BREASTFEED_8_WKS_FLG WELSH_BIRTH_FLG AVAIL_FROM_DT",
    },
    "children_looked_after": {
        "LACW_CHILD_MAIN": "HYBRID_ID SYSTEM_ID IRN YEAR_CODE LOCAL_AUTHORITY_CODE DISABILITY_CODE ASYLUM "
        "DATE_CEASED_UASC DATE_OF_DATA_COLLECTION ETHNICITY LSOA2011_HOME_POSTCODE AVAIL_FROM_DT",
        "LACW_EPISODE_MAIN": "HYBRID_ID SYSTEM_ID LOCAL_AUTHORITY_CODE YEAR_CODE EPISODE_NUMBER EPISODE_START_DATE "
        "EPISODE_END_DATE REASON_EPISODE_STARTED_CODE REASON_EPISODE_FINISHED_CODE CATEGORY_OF_NEED_CODE "
        "LEGAL_STATUS_CODE PLACEMENT_TYPE_CODE LSOA2011_PLACEMENT_POSTCODE SHORT_BREAKS AVAIL_FROM_DT",
    },
}


@pytest.mark.parametrize("name", SAIL_TABLES)
def test_tables_have_exactly_the_columns_that_user_code_was_seen_to_read(name: str) -> None:
    each = contract(name)
    tables = {each.curated_name(table, ""): " ".join(table.curated_columns) for table in each.tables if table.curated}
    assert tables == SAIL_TABLES[name]


def test_other_sources_have_sails_table_names() -> None:
    names = {
        each.curated_name(table, "20240111")
        for name in ("edds", "opdw", "deaths", "care_and_support", "education")
        for each in [contract(name)]
        for table in each.tables
        if table.curated
    }
    assert {"EDDS_EDDS_20240111", "OPDW_OUTPATIENTS_20240111", "ADDE_DEATHS_20240111"} <= names
    assert {"CRCS_MAIN_CRCS_20240111", "EDUW_PUPIL_20240111", "EDUW_WED_L1_20240111"} <= names
    assert contract("education").names.alf_table == "EDUW_PUPIL_ALF"


@pytest.mark.parametrize("name", NAMES)
def test_a_case_number_of_the_court_is_never_content(name: str) -> None:
    for table in contract(name).tables:
        roles = {field.role for field in table.fields if "CASE_NUMBER" in field.name or "CASENUMBER" in field.name}
        assert roles <= {"key", "drop"}, table.name


@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_table_of_sails_says_that_it_is_a_reconstruction(name: str) -> None:
    for table in contract(name).tables:
        if table.reconstruction and not contract(name).register_:
            assert "[R]" in table.title, table.name
        assert table.reconstruction or table.curated, table.name


def test_no_identifier_is_in_a_curated_table() -> None:
    for dataset in datasets():
        for table in dataset.tables:
            hidden = {field.name for field in table.fields if field.role in ("identifier", "drop")}
            assert not hidden & set(table.curated_columns), (dataset.name, table.name)


def test_every_key_but_a_tables_own_and_every_code_of_ecms_has_a_foreign_key() -> None:
    for table in contract("cafcass_england_ecms").tables:
        referring = {key.fields for key in table.table_schema.foreign_keys}
        codes = {field.name for field in table.fields if field.name.endswith(("_ID", "TYPEID"))}
        assert codes - ECMS_CODES_WITHOUT_LOOKUP <= referring, table.name


@pytest.mark.parametrize("name", NAMES)
def test_every_text_key_has_a_pattern_that_ranks_into_fourteen_digits(name: str) -> None:
    for table in contract(name).tables:
        for field in table.fields:
            if field.role == "key" and field.type == "string":
                assert field.constraints.pattern is not None, (table.name, field.name)
                assert parse_pattern(field.constraints.pattern).size <= DOMAIN, (table.name, field.name)


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_described(name: str) -> None:
    for table in contract(name).tables:
        assert table.title, table.name
        assert [field.name for field in table.fields if not (field.title or field.description)] == [], table.name


def test_the_register_is_no_dataset_of_the_databank() -> None:
    assert contract("population_register").register_
    assert "population_register" not in [each.name for each in datasets()]
    with pytest.raises(Refused, match="population_register is a register"):
        _ = contract("population_register").names


def test_an_unknown_dataset_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match=r"no contract for the dataset 'cafcas'.*cafcass_cymru"):
        contract("cafcas")


# A small contract, whose parts the tests below spoil one at a time.
SMALL = """\
name: small
title: A small dataset
version: "1"
source: made for this test
sail: {dataset: SMAL, table_prefix: SMAL, alf_table: SMAL_ALF}
retention_days: {raw: 1, quarantined: 1, file_1: 1}
tables:
  - name: people
    sail: PEOPLE
    kind: people
    schema:
      primaryKey: ID
      fields:
        - {name: ID, type: integer, role: key, entity: person}
        - {name: BORN, type: date, role: identifier, file_1: DATE_OF_BIRTH}
  - name: visits
    sail: VISITS
    schema:
      primaryKey: ID
      foreignKeys:
        - {fields: PERSON_ID, reference: {resource: people, fields: ID}}
      fields:
        - {name: ID, type: string, role: key, entity: visit, constraints: {pattern: '^V[0-9]{9}$'}}
        - {name: PERSON_ID, type: integer, role: key, entity: person}
        - {name: REASON, type: string, role: content}
"""


def small(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert SMALL.count(old) == 1 or not old
    path = tmp_path / "small.yaml"
    path.write_text(SMALL.replace(old, new) if old else SMALL)
    return path


def test_the_small_contract_itself_is_taken(tmp_path: Path) -> None:
    loaded = load_contract(small(tmp_path))
    assert loaded.table("visits").curated_columns == ("ID", "PERSON_ID", "REASON", "AVAIL_FROM_DT")
    assert loaded.table("visits").entity("PERSON_ID") == "person"
    assert loaded.table("visits").is_id("PERSON_ID")
    assert not loaded.table("visits").is_id("REASON")


@pytest.mark.parametrize(
    ("old", "new", "line", "place", "rule"),
    [
        (", role: content}", "}", 25, "tables > visits > schema > fields > REASON > role", "Field required"),
        (", entity: visit", "", 23, "tables > visits > schema > fields > ID", "a key needs an entity"),
        (
            "role: identifier, file_1: DATE_OF_BIRTH",
            "role: drop",
            8,
            "tables > people",
            "a people table needs a date field with file_1 DATE_OF_BIRTH",
        ),
        ("  primaryKey: ID\n      fields", "  fields", 8, "tables > people", "a people table needs a primary key"),
        (
            "primaryKey: ID\n      foreign",
            "primaryKey: ABSENT\n      foreign",
            16,
            "tables > visits",
            "primary key ABSENT",
        ),
        (
            "resource: people",
            "resource: nowhere",
            21,
            "tables > visits > schema > foreignKeys > 0",
            "foreign key PERSON_ID refers to nothing",
        ),
        ("fields: ID}}", "fields: ABSENT}}", 21, "tables > visits > schema > foreignKeys > 0", "PERSON_ID refers to"),
        (
            "{fields: PERSON_ID",
            "{fields: ABSENT",
            21,
            "tables > visits > schema > foreignKeys > 0",
            "ABSENT is not a field",
        ),
        ("role: content}", "role: content, colour: red}", 25, "schema > fields > REASON > colour", "Extra inputs"),
        ("role: content}", "role: secret}", 25, "tables > visits > schema > fields > REASON > role", "'identifier'"),
        ("role: content}", "role: identifier}", 25, "tables > visits > schema > fields > REASON", "needs file_1"),
        ("role: content}", "role: content, file_1: NOWHERE}", 25, "> REASON", "file_1 is one of"),
        ("role: content}", "role: content, file_1: POSTCODE}", 16, "tables > visits", "only a table of people"),
        (
            "REASON, type: string, role: content}",
            "REASON, type: string, role: key, entity: alf}",
            25,
            "> REASON",
            "a key's entity is none of alf, alf2, ralf",
        ),
        (
            "role: content}",
            "role: content, outgrown: warn}",
            25,
            "> REASON",
            "beyond the enum, and there is none",
        ),
        (
            "role: content}",
            "role: content, constraints: {enum: [a]}, outgrown: ignore}",
            25,
            "> REASON > outgrown",
            "'refuse' or 'warn'",
        ),
        (
            "PERSON_ID, type: integer, role: key, entity: person",
            "PERSON_ID, type: integer, role: key, entity: visitor",
            21,
            "foreignKeys > 0",
            "PERSON_ID is integer key of visitor, but people.ID, to which it refers, is integer key of person",
        ),
        (
            "PERSON_ID, type: integer, role: key, entity: person",
            "PERSON_ID, type: integer, role: content",
            21,
            "foreignKeys > 0",
            "foreign key PERSON_ID is integer content",
        ),
        (
            "PERSON_ID, type: integer, role: key, entity: person}",
            "PERSON_ID, type: string, role: key, entity: person}",
            24,
            "tables > visits > schema > fields > PERSON_ID",
            "PERSON_ID is a key of person as people.ID is, but has another type or pattern",
        ),
        ("    sail: VISITS\n", "    sail: PEOPLE\n", 17, "tables > visits > sail", "two tables of this contract are"),
        ("    sail: VISITS\n", "    sail: ALF\n", 5, "sail > alf_table", "two tables of this contract are SMAL_ALF"),
        ("name: REASON", "name: AVAIL_FROM_DT", 16, "tables > visits", "AVAIL_FROM_DT is added to the table"),
        (
            "name: BORN, type: date, role: identifier",
            "name: SYSTEM_ID, type: date, role: content",
            8,
            "tables > people",
            "SYSTEM_ID is the join key",
        ),
        (
            "    sail: VISITS\n",
            "    sail: VISITS\n    linked: {REASON: {said: ALF, person: PERSON_ID}}\n",
            18,
            "tables > visits > linked > REASON",
            "a linked column has the name of a field",
        ),
        ("^V[0-9]{9}$", "V.*", 23, "tables > visits > schema > fields > ID", "pattern"),
        ("ID, type: string", "ID, type: date", 23, "tables > visits > schema > fields > ID", "a key is an integer or"),
        ("name: REASON", "name: PERSON_ID", 16, "tables > visits", "two fields have one name"),
        ("name: visits", "name: people", 1, "the contract", "two tables have one name"),
        ("sail: {dataset: SMAL, table_prefix: SMAL, alf_table: SMAL_ALF}\n", "", 1, "the contract", "needs sail"),
        ("    sail: VISITS\n", "    sail: VISITS\n    columns: [ID]\n", 16, "tables > visits", "columns must name"),
        ("raw: 1", "raw: 0", 6, "retention_days > raw", "greater than 0"),
        *(
            ("    sail: VISITS\n", f"    sail: VISITS\n    {linked}\n", 18, "tables > visits > linked > ALF", rule)
            for linked, rule in (
                ("linked: {ALF: ALF}", "says whose in `person`"),
                ("linked: {ALF: {said: ALF, person: REASON}}", "REASON is no key of this table"),
                ("linked: {ALF: {said: ALF, person: ID}}", "ID is no key of this contract's people"),
            )
        ),
        (
            "    sail: VISITS\n",
            "    sail: VISITS\n    curated: false\n",
            16,
            "tables > visits",
            "only a table of people",
        ),
        ("    sail: VISITS\n", "    sail: VISITS\n    dated: false\n", 16, "tables > visits", "only a lookup may go"),
    ],
)
def test_a_mistake_is_refused_with_file_line_place_and_rule(
    tmp_path: Path, old: str, new: str, line: int, place: str, rule: str
) -> None:
    with pytest.raises(Refused) as refused:
        load_contract(small(tmp_path, old, new))
    message = str(refused.value)
    assert f"small.yaml, line {line}, " in message
    assert place in message
    assert rule in message


def test_a_key_that_only_leads_to_a_persons_alf_may_stay_out(tmp_path: Path) -> None:
    linked = "    linked: {ALF: {said: ALF, person: PERSON_ID}}\n    columns: [ID, REASON, ALF, AVAIL_FROM_DT]\n"
    visits = load_contract(small(tmp_path, "    sail: VISITS\n", "    sail: VISITS\n" + linked)).table("visits")
    assert visits.curated_columns == ("ID", "REASON", "ALF", "AVAIL_FROM_DT")
    assert [(column, visits.entity(column)) for column in ("ID", "ALF")] == [("ID", "visit"), ("ALF", "alf")]


def test_every_mistake_is_named_at_once(tmp_path: Path) -> None:
    path = small(tmp_path, ", entity: visit", "")
    path.write_text(path.read_text().replace(", role: content}", "}"))
    with pytest.raises(Refused) as refused:
        load_contract(path)
    assert "line 23" in str(refused.value)
    assert "line 25" in str(refused.value)


@pytest.mark.parametrize("band", ["[0.9, 0.8]", "[0.8, 0.8]", "[-0.1, 0.9]", "[0.5, 1.1]", "[0.5]", "[low, high]"])
def test_a_match_rate_band_is_two_shares_in_their_order(tmp_path: Path, band: str) -> None:
    path = small(tmp_path)
    path.write_text(path.read_text() + f"match_rate_band: {band}\n")
    with pytest.raises(Refused, match="match_rate_band"):
        load_contract(path)


def test_coverage_is_an_interval_and_changes_no_digest(tmp_path: Path) -> None:
    path = small(tmp_path)
    plain, text = load_contract(path).digest, path.read_text()
    path.write_text(text + 'coverage: {spatial: [Wales], temporal: "2014-01/.."}\n')
    assert load_contract(path).coverage.temporal == "2014-01/.."
    assert load_contract(path).digest == plain
    path.write_text(text + "coverage: {temporal: since 2014}\n")
    with pytest.raises(Refused, match="coverage > temporal"):
        load_contract(path)


def test_every_dataset_has_a_band_of_its_own_that_everybody_and_nobody_fail() -> None:
    for each in datasets():
        low, high = each.match_rate_band
        assert 0 < low < high < 1, each.name


def test_a_rewritten_contract_is_read_anew(tmp_path: Path) -> None:
    path = small(tmp_path)
    assert load_contract(path) is load_contract(path)
    path.write_text(path.read_text().replace("A small dataset", "A grown dataset"))
    assert load_contract(path).title == "A grown dataset"


def test_a_contract_that_names_another_dataset_than_its_file_is_refused(tmp_path: Path) -> None:
    small(tmp_path).rename(tmp_path / "other.yaml")
    for read in (lambda: contract("other", tmp_path), lambda: datasets(tmp_path)):
        with pytest.raises(Refused, match=r"other\.yaml says that it is of small: name the file small\.yaml"):
            read()


@pytest.mark.parametrize(
    ("mine", "others", "name"),
    [
        ({}, {"alf_table: SMAL_ALF": "alf_table: Z_ALF"}, "SMAL_PEOPLE"),
        ({}, {"table_prefix: SMAL": "table_prefix: Z"}, "SMAL_ALF"),
        # One name, though prefix and table part elsewhere.
        (
            {"table_prefix: SMAL": "table_prefix: SMAL_A"},
            {"sail: VISITS": "sail: A_VISITS", "alf_table: SMAL_ALF": "alf_table: Z_ALF"},
            "SMAL_A_VISITS",
        ),
    ],
)
def test_two_contracts_that_claim_one_name_are_refused_by_both_their_names(
    tmp_path: Path, mine: dict[str, str], others: dict[str, str], name: str
) -> None:
    for stem, changes in (("small", mine), ("zeta", {"name: small": "name: zeta", "dataset: SMAL": "dataset: ZETA"})):
        text = SMALL
        for old, new in (changes | (others if stem == "zeta" else {})).items():
            text = text.replace(old, new)
        (tmp_path / f"{stem}.yaml").write_text(text)
    with pytest.raises(Refused, match=f"the contracts small and zeta both claim the name {name}; give one of them"):
        datasets(tmp_path)


def test_lookups_of_one_name_clash_only_in_one_schema(tmp_path: Path) -> None:
    lookup = SMALL.replace("    sail: VISITS\n", "    sail: VISITS\n    kind: lookup\n")
    (tmp_path / "small.yaml").write_text(lookup)
    other = lookup.replace("name: small", "name: zeta").replace(
        "table_prefix: SMAL, alf_table: SMAL", "table_prefix: Z, alf_table: Z"
    )
    (tmp_path / "zeta.yaml").write_text(other.replace("dataset: SMAL", "dataset: ZETA"))
    assert [each.name for each in datasets(tmp_path)] == ["small", "zeta"]
    (tmp_path / "zeta.yaml").write_text(other)
    with pytest.raises(Refused, match=r"both claim the name SAILSMALREFV\.VISITS"):
        datasets(tmp_path)


CHANGES: list[Callable[[dict[str, Any]], None]] = [
    lambda c: c.update(version="2"),
    lambda c: c.update(source="elsewhere"),
    lambda c: c["sail"].update(alf_table="SMAL_PEOPLE_ALF"),
    lambda c: c["retention_days"].update(file_1=2),
    lambda c: c.update(match_rate_band=[0.5, 1.0]),
    lambda c: c.update(quality_by_ethnicity=True),
    lambda c: c["tables"][1].update(special_access=True),
    lambda c: c["tables"][1].update(title="Visits"),
    lambda c: c["tables"][1]["schema"].pop("foreignKeys"),
    lambda c: c["tables"][1]["schema"]["fields"][2].update(role="drop"),
    lambda c: c["tables"][1]["schema"]["fields"][2].update(description="Why"),
    lambda c: c["tables"][1]["schema"]["fields"][0]["constraints"].update(pattern="^V[0-9]{8}$"),
    lambda c: c["tables"].reverse(),
]


def test_the_digest_changes_when_anything_in_the_contract_does(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    digests = set()
    for change in [lambda c: None, *CHANGES]:
        content = copy.deepcopy(yaml.safe_load(SMALL))
        change(content)
        path.write_text(yaml.safe_dump(content))
        digests.add(load_contract(path).digest)
    assert len(digests) == len(CHANGES) + 1
    assert load_contract(small(tmp_path)).digest in digests


def test_what_a_project_is_given_of_a_table_makes_the_table_no_other(tmp_path: Path) -> None:
    path = small(tmp_path)
    before = load_contract(path).digest
    content = yaml.safe_load(SMALL)
    content["harmonised_as"] = "small"
    field = next(each for table in content["tables"] for each in table["schema"]["fields"] if each["role"] == "content")
    field["area"] = "local_authority"
    path.write_text(yaml.safe_dump(content))
    assert load_contract(path).digest == before
