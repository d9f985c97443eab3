"""The catalogue's pages: an index, a page a dataset, worked queries on a made-up extract; whole without a network."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fjo_pipeline.core.pages import render
from fjo_pipeline.databank.catalogue.entries import Entry
from fjo_pipeline.databank.catalogue.machine import ACCESS, TITLE, dcat, schema_org, schema_org_dataset
from fjo_pipeline.databank.projects.worked import Opening, Question

PACKAGE = "fjo_pipeline.databank.catalogue"
Json = dict[str, Any]


@dataclass(frozen=True)
class MadeUp:
    """The made-up extract that can be downloaded: its files with media types, and how it is opened and asked."""

    files: tuple[tuple[str, str], ...]
    rows: Mapping[str, int]
    how: Opening
    questions: tuple[Question, ...]


def catalogue_files(found: Sequence[Entry], made_up: MadeUp | None, contact: str) -> dict[str, str]:
    """Every page and machine-readable file of the catalogue, by file name."""
    downloads = made_up.files if made_up else ()
    whole = schema_org(found, downloads, contact)
    shared = {"entries": found, "made_up_extract": made_up, "contact": contact, "title": TITLE, "access": ACCESS}
    pages = {"index.html": _page("index", any(each.synthetic for each in found), whole, **shared)}
    for each in found:
        described = {"@context": "https://schema.org/"} | schema_org_dataset(each)
        pages[each.page] = _page("dataset", each.synthetic, described, entry=each, **shared)
    if made_up is not None:
        pages["worked-queries.html"] = _page("worked", True, None, **shared)
    return pages | {
        "catalogue.schema-org.jsonld": _json(whole),
        "catalogue.dcat.jsonld": _json(dcat(found, downloads, contact)),
    }


def _page(template: str, synthetic: bool, described: Json | None, **content: Any) -> str:
    return render(PACKAGE, f"{template}.html.j2", synthetic=synthetic, described=described, **content)


def _json(content: Json) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
