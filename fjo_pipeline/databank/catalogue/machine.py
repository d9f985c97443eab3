"""The catalogue for machines: schema.org's Dataset and DCAT, both as JSON-LD, as search engines and portals read them.

schema.org/Dataset as in developers.google.com/search/docs/appearance/structured-data/dataset; DCAT 3 as in
w3.org/TR/vocab-dcat-3.
"""

from collections.abc import Sequence
from typing import Any

from fjo_pipeline.core.refreshes import parse_refresh
from fjo_pipeline.databank.catalogue.entries import Entry

TITLE = "Family justice data: catalogue"
ACCESS = "By approved project only, under ids of the project's own, inside a trusted research environment"
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
Json = dict[str, Any]


def schema_org(found: Sequence[Entry], downloads: Sequence[tuple[str, str]], contact: str) -> Json:
    """The whole catalogue as a schema.org DataCatalog; `downloads` are file and media type of the made-up extract."""
    return {
        "@context": "https://schema.org/",
        "@type": "DataCatalog",
        "name": TITLE,
        **({"creditText": contact} if contact else {}),
        "dataset": [schema_org_dataset(each) for each in found] + ([_made_up(downloads)] if downloads else []),
    }


def schema_org_dataset(each: Entry) -> Json:
    """One dataset as schema.org has it; its variables are the columns that projects see."""
    latest = max(each.refreshes, default=None)
    return _without_nothing(
        {
            "@type": "Dataset",
            "@id": each.page,
            "name": each.contract.title,
            "identifier": each.name,
            "description": _description(each),
            "version": each.contract.version,
            "spatialCoverage": [{"@type": "Place", "name": name} for name in each.contract.coverage.spatial],
            "temporalCoverage": each.contract.coverage.temporal,
            "dateModified": _day(latest),
            "conditionsOfAccess": ACCESS,
            "variableMeasured": [
                _without_nothing(
                    {"@type": "PropertyValue", "name": f"{table.name}.{column.name}", "description": column.label}
                )
                for table in each.tables
                for column in table.columns
            ],
        }
    )


def dcat(found: Sequence[Entry], downloads: Sequence[tuple[str, str]], contact: str) -> Json:
    """The whole catalogue as DCAT."""
    made_up = _made_up(downloads)
    point = {"dcat:contactPoint": {"@type": "vcard:Kind", "vcard:fn": contact}} if contact else {}
    described = [_dcat_dataset(each) | point for each in found]
    if downloads:
        described.append(
            {
                "@type": "dcat:Dataset",
                "@id": "worked-queries.html",
                "dct:title": made_up["name"],
                "dct:description": made_up["description"],
                "dcat:distribution": [
                    {"@type": "dcat:Distribution", "dcat:downloadURL": {"@id": file}, "dcat:mediaType": kind}
                    for file, kind in downloads
                ],
            }
        )
    return {
        "@context": CONTEXT,
        "@type": "dcat:Catalog",
        "@id": "index.html",
        "dct:title": TITLE,
        "dct:language": "en-GB",
        "dcat:dataset": described,
    }


def _dcat_dataset(each: Entry) -> Json:
    coverage = each.contract.coverage
    begin, _, end = coverage.temporal.partition("/")
    period = {
        "@type": "dct:PeriodOfTime",
        "dcat:startDate": begin,
        **({"dcat:endDate": end} if end not in ("", "..") else {}),
    }
    return _without_nothing(
        {
            "@type": "dcat:Dataset",
            "@id": each.page,
            "dct:identifier": each.name,
            "dct:title": each.contract.title,
            "dct:description": _description(each),
            "dct:accessRights": ACCESS,
            "dct:spatial": list(coverage.spatial),
            "dct:temporal": period if begin else None,
            "dct:modified": _typed(_day(max(each.refreshes, default=None))),
            "dcat:version": each.contract.version,
        }
    )


def _made_up(downloads: Sequence[tuple[str, str]]) -> Json:
    return {
        "@type": "Dataset",
        "@id": "worked-queries.html",
        "name": "MADE-UP DATA: an extract about nobody",
        "description": "Synthetic people in the tables, columns, types and lookups of a project's extract, to write "
        "code on before there is access. Nothing that is counted in it says anything of the world.",
        "distribution": [
            {"@type": "DataDownload", "contentUrl": file, "encodingFormat": kind} for file, kind in downloads
        ],
    }


def _description(each: Entry) -> str:
    made_up = "MADE-UP DATA: the refreshes here are of synthetic people. " if each.synthetic else ""
    return made_up + each.contract.source.strip()


def _day(refresh: str | None) -> str | None:
    return parse_refresh(refresh).isoformat() if refresh else None


def _typed(day: str | None) -> Json | None:
    return {"@type": "xsd:date", "@value": day} if day else None


def _without_nothing(found: Json) -> Json:
    return {name: value for name, value in found.items() if value not in (None, "", [])}
