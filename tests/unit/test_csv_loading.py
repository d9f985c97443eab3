"""CSV files as they come: what may vary is read, what cannot be read is named by its physical line, column and rule."""

from pathlib import Path

import pytest

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.csv_loading import CsvProblem, load_csv, physical_lines, read_header
from fjo_pipeline.core.sessions import Session
from tests.deposit_builder import CARERS, CLIENTS

HEADER = "ID,SURNAME,BORN\n"
GOOD = HEADER + "C0001,Oddcastle,1979-11-05\nC0002,Quillfeather,\n"


class Loader:
    def __init__(self, session: Session, contract: Contract, folder: Path) -> None:
        self.session, self.table, self.path = session, contract.table("carers"), folder / "CARERS.csv"

    def __call__(self, content: str | bytes) -> list[CsvProblem]:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_csv(self.session, self.table, self.path, "loaded")

    def rows(self) -> list[tuple[object, ...]]:
        return self.session.rows("SELECT ID, SURNAME, CAST(BORN AS VARCHAR) FROM loaded ORDER BY ALL", step="read")


@pytest.fixture
def load(shared_session: Session, tiny: Contract, tmp_path: Path) -> Loader:
    return Loader(shared_session, tiny, tmp_path)


READ = [("C0001", "Oddcastle", "1979-11-05"), ("C0002", "Quillfeather", None)]


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip("\n"),
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD.replace("\n", "\r\n"),
        '"ID","SURNAME","BORN"\n"C0001","Oddcastle","1979-11-05"\n"C0002","Quillfeather",""\n',
        "BORN,ID,SURNAME\n1979-11-05,C0001,Oddcastle\n,C0002,Quillfeather\n",
        GOOD.replace("\nC0002", "\n\n\nC0002"),
        GOOD + "\n\n",
    ],
    ids=["plain", "no end", "mark", "crlf", "mark and crlf", "quoted", "re-ordered", "empty lines", "empty at end"],
)
def test_what_may_vary_is_read_alike(content: str, load: Loader) -> None:
    assert load(content) == []
    assert load.rows() == READ


def test_commas_quotes_line_breaks_and_accents_are_values(load: Loader) -> None:
    assert load(HEADER + 'C0001,"Thimble, ""Jr""\nof Zoë",\n') == []
    assert load.rows() == [("C0001", 'Thimble, "Jr"\nof Zoë', None)]


def test_a_file_with_a_header_alone_is_an_empty_table(load: Loader) -> None:
    assert load(HEADER) == []
    assert load.rows() == []


@pytest.mark.parametrize(
    ("header", "rule", "column"),
    [
        ("ID,SURNAME,BORN,EXTRA", "the contract has no such column", "EXTRA"),
        ("ID,BORN", "the column is missing", "SURNAME"),
        ("ID,SURNAME,BORN,ID", "the column stands twice", "ID"),
        ("id,SURNAME,BORN", "the contract has no such column", "id"),
        ("ID,SURNAME,BORN,a strange name", "the contract has no such column", "(unnamed)"),
        ("ID,SURNAME,BORN,", "the contract has no such column", "(unnamed)"),
    ],
)
def test_a_header_that_is_not_the_contracts_is_told_by_column(
    header: str, rule: str, column: str, load: Loader
) -> None:
    problems = load(f"{header}\n{'x,' * header.count(',')}x\n")
    assert CsvProblem(rule, column, lines=(1,), fatal=True) in problems


@pytest.mark.parametrize("between", ["", ","])
def test_a_header_run_into_the_first_row_shows_no_value(between: str, load: Loader) -> None:
    problems = load(GOOD.replace("\n", between, 1))
    assert {each.column for each in problems} <= {"", "(unnamed)", "BORN"}


def test_a_file_without_its_header_shows_no_value(load: Loader) -> None:
    problems = load(GOOD.removeprefix(HEADER))
    assert {each.rule for each in problems} == {"the contract has no such column", "the column is missing"}
    assert {each.column for each in problems} == {"", "ID", "SURNAME", "BORN"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        '""' + GOOD,
        '"' + GOOD,
        b"\xff\xfeI\x00D\x00",
        "ID,Zoë".encode("latin-1"),
        b"x" * 200_000,
        GOOD.replace("\n", "\r").encode(),
    ],
    ids=["empty", "empty line", "two quotes", "a quote", "utf-16", "latin-1", "one huge word", "old line ends"],
)
def test_a_file_without_a_readable_header_is_told_so(content: bytes, load: Loader) -> None:
    assert load(content) == [CsvProblem("the file has no header in UTF-8", lines=(1,), fatal=True)]


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        (b"C0003,Zo\xeb,\n", "the text is not UTF-8", "SURNAME"),
        (b"C0003,Zo\x00e,\n", "the file holds a NUL byte", ""),
        (b'C0003,"Thimble,2001-01-01\nC0004,Oddcastle,\n', "a quote is not closed", "SURNAME"),
        (b"C0003,Thimble\n", "the row has too few columns: it is truncated or a separator is missing", "BORN"),
        (b"C0003,Thimble,,x\n", "the row has too many columns: a value with a comma needs quotes", ""),
        (b"C0003,Thimble,2001-02-30\n", "the value is no calendar date (YYYY-MM-DD)", "BORN"),
        (b"C0003,Thimble,05/11/1979\n", "the value is no calendar date (YYYY-MM-DD)", "BORN"),
        (b"C0003,Thimble,2001-0", "the value is no calendar date (YYYY-MM-DD)", "BORN"),
    ],
)
@pytest.mark.parametrize(
    ("before", "line"),
    [(GOOD, 4), (HEADER + 'C0001,"Odd\n\ncastle",\n', 5), (HEADER + "\n\nC0001,Oddcastle,\n", 5)],
    ids=["plainly", "behind line breaks in quotes", "behind empty lines"],
)
def test_a_bad_row_is_told_by_its_physical_line(
    before: str, line: int, row: bytes, rule: str, column: str, load: Loader
) -> None:
    problems = load(before.encode() + row)
    assert [(each.rule, each.column, each.count, each.lines) for each in problems] == [(rule, column, 1, (line,))]


def test_a_bad_row_is_found_at_the_end_of_a_large_file(load: Loader) -> None:
    rows = "".join(f'C{number % 10_000:04},"Odd\ncastle",1979-11-05\n' for number in range(200_000))
    problems = load(HEADER + rows + "C0001,Thimble,1979-13-05\n")
    assert [(each.column, each.lines) for each in problems] == [("BORN", (400_002,))]


def test_only_the_first_lines_are_named_and_the_rest_counted(load: Loader) -> None:
    problems = load(HEADER + "C0001,Oddcastle,x\n" * 30)
    assert [(each.count, each.lines) for each in problems] == [(30, (2, 3, 4, 5, 6))]
    problems = load(HEADER + "C0001,Oddcastle,,x,y\n" * 30)
    assert [(each.count, each.lines, each.fatal) for each in problems] == [(30, (2, 3, 4, 5, 6), True)]


def test_no_problem_holds_a_value(load: Loader) -> None:
    told = repr(load(HEADER + "C0003,Quillfeather\nC0004,Quillfeather,5 November 1979\n" + 'C0005,"Quillfeather'))
    assert "Quillfeather" not in told
    assert "November" not in told


def test_a_file_whose_line_ends_are_at_odds_is_refused_whole(load: Loader) -> None:
    problems = load(HEADER + 'C0001,"Odd\ncastle",\r\n\r\nC0002,Thimble,\n')
    assert problems == [CsvProblem("the file is no CSV in UTF-8 that can be read to its end", fatal=True)]


def test_headers_are_read_without_marks_and_quotes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('\ufeff"ID",SURNAME\r\n')
    assert read_header(path) == ["ID", "SURNAME"]


def test_lines_of_records_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,"x\ny"\n\n2,z\n')
    assert physical_lines(path, [1, 2, 3, 9], count_empty=False) == (1, 2, 5)
    assert physical_lines(path, [1, 2, 3, 4], count_empty=True) == (1, 2, 4, 5)
    assert physical_lines(path, [], count_empty=True) == ()


def test_lines_behind_a_value_too_long_for_them_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,x\n" + "2," + "y" * 200_000 + "\n3,z\n")
    assert physical_lines(path, [2, 4], count_empty=False) == (2,)


def test_the_shipped_examples_are_good(shared_session: Session, tiny: Contract, tmp_path: Path) -> None:
    for name, content in (("clients", CLIENTS), ("carers", CARERS)):
        path = tmp_path / f"{name}.csv"
        path.write_text(content)
        assert load_csv(shared_session, tiny.table(name), path, "loaded") == []
