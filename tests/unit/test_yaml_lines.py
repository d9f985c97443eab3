"""YAML read with lines: each node's line is the one a reader would go to."""

from datetime import date
from pathlib import Path

import pytest

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.yaml_lines import read_yaml_with_lines


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_content_and_the_line_of_every_node_are_read(tmp_path: Path) -> None:
    content, lines = read_yaml_with_lines(written(tmp_path, "# why\na: 1\nb:\n  - {c: 2}\n  - c: 3\n    d:\n      4\n"))
    assert content == {"a": 1, "b": [{"c": 2}, {"c": 3, "d": 4}]}
    places: list[tuple[int | str, ...]] = [("a",), ("b",), ("b", 0), ("b", 0, "c"), ("b", 1), ("b", 1, "d")]
    assert [lines.of(place) for place in places] == [2, 3, 4, 4, 5, 6]


def test_the_line_of_what_is_not_there_is_that_of_its_parent(tmp_path: Path) -> None:
    _, lines = read_yaml_with_lines(written(tmp_path, "a: 1\nb:\n  - {c: 2}\n"))
    assert lines.of(("b", 0, "missing", 7)) == 3
    assert lines.of(("b", 9)) == 2
    assert lines.of(("missing",)) == 1


def test_an_empty_file_has_no_content_and_line_one(tmp_path: Path) -> None:
    content, lines = read_yaml_with_lines(written(tmp_path, ""))
    assert content is None
    assert lines.of(("anything",)) == 1


@pytest.mark.parametrize(("text", "line"), [("a: [1,\nb: {\n", 3), ("a: 1\n\tb: 2\n", 2), ("a: 1\nb: &x *x\n", 2)])
def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(Refused, match=rf"^file\.yaml, line {line}: this is no YAML: "):
        read_yaml_with_lines(written(tmp_path, text))


def test_a_date_that_is_none_stays_text_for_the_reader_to_refuse(tmp_path: Path) -> None:
    content, _ = read_yaml_with_lines(written(tmp_path, "a: 2024-02-31\nb: 2024-02-29\n"))
    assert content == {"a": "2024-02-31", "b": date(2024, 2, 29)}


@pytest.mark.parametrize("raw", [b"a: Zo\xeb\n", b"a: \x00\n"])
def test_what_is_no_text_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "file.yaml").write_bytes(raw)
    with pytest.raises(Refused, match=r"^file\.yaml is no YAML"):
        read_yaml_with_lines(tmp_path / "file.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: !!int x\n", "line 2: this value is not of the type"),
        ("a: 1\nb: [2, !!bool 3]\n", "line 2: this value is not of the type"),
        ("a:\n  b: " + "9" * 5000, "line 2: this value is not of the type"),
        # libyaml reads a part within a part by a call within a call: this many ended the process.
        ("[" * 100_000, "line 1: parts within parts more than 50 deep"),
        ("- " * 100_000, "line 1: parts within parts more than 50 deep"),
        ("a: &a [1]\nb: &b [*a, *a]\n", "line 2: write out what this alias stands for"),
        ("a: &a\n  - *a\n", "line 2: write out what this alias stands for"),
        ("a: &a 1\nb: [" + "*a, " * 101 + "1]", "line 2: write out what this alias stands for"),
    ],
)
def test_what_is_no_value_or_would_grow_without_bound_is_refused_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(Refused, match=rf"file\.yaml, {says}"):
        read_yaml_with_lines(written(tmp_path, text))


def test_an_anchor_may_be_used_where_it_stands_alone(tmp_path: Path) -> None:
    content, _ = read_yaml_with_lines(written(tmp_path, "a: &sexes {F: girls}\nb: *sexes\n"))
    assert content == {"a": {"F": "girls"}, "b": {"F": "girls"}}
