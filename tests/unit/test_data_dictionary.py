"""The data dictionary: the committed page is what the contracts give, and it names every column and its way."""

from fjo_pipeline.core.contracts import CONTRACTS, contract
from fjo_pipeline.core.data_dictionary import PAGE, data_dictionary, shipped_data_dictionary


def rows_of(page: str, table: str) -> list[str]:
    section = page.split(f"### {table} (", 1)[1].split("\n### ", 1)[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_committed_page_is_what_the_contracts_give() -> None:
    assert PAGE.read_text(encoding="utf-8") == shipped_data_dictionary(), (
        "run `python -m fjo_pipeline.core.data_dictionary` and commit docs/data-dictionary.md"
    )


def test_every_field_of_every_table_has_a_row() -> None:
    for path in CONTRACTS.glob("*.yaml"):
        loaded = contract(path.stem)
        page = data_dictionary([loaded])
        for table in loaded.tables:
            named = [row.split("`")[1] for row in rows_of(page, table.sail)]
            assert named == [field.name for field in table.fields], (loaded.name, table.name)


def test_the_order_in_which_contracts_are_given_does_not_matter() -> None:
    contracts = [contract(path.stem) for path in sorted(CONTRACTS.glob("*.yaml"))]
    assert data_dictionary(contracts) == data_dictionary(contracts[::-1])


def test_a_curated_table_is_shown_with_the_names_that_a_project_sees() -> None:
    page = data_dictionary([contract("cafcass_england_ecms")])
    assert (
        "Becomes `CAFE_ECMS_PEOPLE_<date>` in the project's schema: `ID_PE`, `GENDER`, `WEEKOFBIRTH`, `ALF_PE`, "
        "`ALF2_PE`, `MOB_LINKAGE`, `AVAIL_FROM_DT`." in page
    )
    assert "Becomes `ECMS_SOURCES_<date>` in `SAILCAFEREFV`: `ID`, `NAME`." in page


def test_each_column_says_where_it_goes() -> None:
    page = data_dictionary([contract("cafcass_england_ecms")])
    people, cases = rows_of(page, "PEOPLE"), rows_of(page, "CASES")
    assert people[0].startswith("| `ID` | integer | File 2, key of person | primary key; required |")
    assert any(row.startswith("| `SURNAME` | string | File 1 as `SURNAME` |") for row in people)
    assert any(row.startswith("| `GENDER` | string | File 1 as `GENDER_CD`, File 2 | one of `Male`") for row in people)
    assert any(row.startswith("| `COURTCASENUMBER` | string | nowhere: stays with the provider |") for row in cases)
    assert any("| in LAWTYPES.ID |" in row for row in cases)


def test_a_register_is_shown_to_stay_where_it_is() -> None:
    page = data_dictionary([contract("population_register")])
    assert "nothing of it goes to File 1 or File 2" in page
    assert "Becomes" not in page
    assert "| `SURNAME` | string | compared with `SURNAME` |" in page


def test_special_access_and_reconstruction_are_marked() -> None:
    page = data_dictionary([contract("cafcass_england_ecms")])
    assert "### RELIGIONS (table, special access)" in page
    assert "### HEARINGS (table, [R])" in page
