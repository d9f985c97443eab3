"""What documents point at is there: files of the repository by path, pages by relative link."""

import re
from pathlib import Path

import pytest

from fjo_pipeline.core.settings import REPOSITORY

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
PATH = re.compile(r"`((?:tests|benchmarks|fjo_pipeline|docs|dbt_models|projects)/[\w./-]*[\w/])(?:::[^`]*)?`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_what_a_document_points_at_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    paths = [name for name in PATH.findall(text) if not (REPOSITORY / name).exists()]
    links = [name for name in LINK.findall(text) if not (document.parent / name).exists()]
    assert (paths, links) == ([], [])
