"""The lookups of Cafcass England's ECMS as they stand at a refresh, renamed and new rows after a fixed day included."""

from functools import cache
from typing import Any

import pyarrow as pa

from fjo_pipeline.synthetic.names import load_data
from fjo_pipeline.synthetic.places import authority_names
from fjo_pipeline.synthetic.streams import day

_CHANGED_FROM = day(2024, 7, 1)
_COURT_LEVEL_STRIDE = 10
_ENGLISH_COURTS_END = "Prestatyn"


def _data() -> dict[str, Any]:
    return load_data("lookups.yaml")


def _pairs(key: str, until: int) -> dict[int, Any]:
    changes = _data()["changes"].get(key, {}) if until >= _CHANGED_FROM else {}
    return {**_data()[key], **changes}


def _named(key: str, until: int, column: str = "NAME") -> pa.Table:
    pairs = _pairs(key, until)
    return pa.table({"ID": list(pairs), column: list(pairs.values())})


def _sorted_types(key: str, until: int) -> pa.Table:
    table = _named(key, until)
    size = len(table)
    return table.append_column("SORTORDER", pa.array(range(1, size + 1))).append_column(
        "ISLOCKED", pa.array(["false"] * size)
    ).append_column("ISACTIVE", pa.array(["true"] * size))  # fmt: skip


def lookup_tables(until: int) -> dict[str, pa.Table]:
    """Every ECMS lookup by its upper-case name, as a refresh on the given day shows it."""
    return {
        "APPLICATIONTYPES": _named("application_types", until),
        "LAWTYPES": _named("law_types", until, "CAPTION"),
        "CASESTATUS": _named("case_status", until),
        "COURTFORMS": _named("court_forms", until, "FORMNAME"),
        "LOCALAUTHORITIES": local_authorities(),
        **_court_tables(until),
        "LEGALOUTPUTTYPES": _legal_output_types(until),
        "RELATIONSHIPTYPES": _relationship_types(until),
        "ETHNICITYTYPES": _sorted_types("ethnicities", until),
        "RELIGIONTYPES": _sorted_types("religions", until),
        "NATIONALITYTYPES": _sorted_types("nationalities", until),
        "LANGUAGETYPES": _sorted_types("languages", until),
        "DISABILITYTYPES": _sorted_types("disabilities", until),
        "SOURCES": _named("sources", until),
    }


def local_authorities(wales_only: bool = False) -> pa.Table:
    """The local authorities by id, which is their position in `places.authority_names()` plus 1."""
    names = authority_names().to_pylist()
    first = len(names) - 22 if wales_only else 0
    return pa.table({"ID": list(range(first + 1, len(names) + 1)), "NAME": names[first:]})


def _court_tables(until: int) -> dict[str, pa.Table]:
    courts = _data()["courts"]
    areas = sorted({area for area, _ in courts.values()})
    levels = _data()["court_levels"]
    ids = list(range(1, len(courts) + 1))
    full = [
        (court * _COURT_LEVEL_STRIDE + level, f"{text} sitting at {name}", court, level)
        for court, name in zip(ids, courts, strict=True)
        for level, text in levels.items()
    ]
    return {
        "COURTS": pa.table({
            "ID": ids,
            "NAME": list(courts),
            "DJAREAREF_ID": [areas.index(area) + 1 for area, _ in courts.values()],
            "CIRCUITREF_ID": [circuit for _, circuit in courts.values()],
        }),
        "COURTCOURTLEVELREFS": pa.table(
            dict(zip(("ID", "COURTFULLNAME", "COURT_ID", "COURTLEVELREF_ID"), zip(*full, strict=True), strict=True))
        ),
        "COURTLEVELREFS": _named("court_levels", until),
        "DJAREAREFS": pa.table({"ID": list(range(1, len(areas) + 1)), "NAME": areas}),
        "CIRCUITREFS": _named("circuits", until),
    }  # fmt: skip


def court_names() -> list[str]:
    """The courts in the order of their ids, which begin at 1; England's first."""
    return list(_data()["courts"])


def english_courts() -> int:
    """How many of the courts stand in England."""
    return court_names().index(_ENGLISH_COURTS_END)


def court_level_id(court: Any, level: Any) -> Any:
    """The id of a court at a level, both counted from 1."""
    return court * _COURT_LEVEL_STRIDE + level


@cache
def output_ids() -> dict[str, int]:
    """The id of each type of legal output by its first name; ids have no order in common with names."""
    groups = _data()["legal_outputs"]
    names = [name for group in ("before_fhdra", "fhdra", "between", "referred", "after") for name in groups[group]]
    return {name: (position + 1) * 37 % 131 for position, name in enumerate(names)}


def output_names() -> dict[int, str]:
    """The first name of each type of legal output by its id."""
    return {number: name for name, number in output_ids().items()}


def _legal_output_types(until: int) -> pa.Table:
    names = output_names()
    if until >= _CHANGED_FROM:
        renamed = _data()["changes"]["legal_outputs_renamed"]
        names = {number: renamed.get(name, name) for number, name in names.items()}
        names.update({131 + at: name for at, name in enumerate(_data()["changes"]["legal_outputs_added"])})
    ids = sorted(names)
    size = len(ids)
    return pa.table({
        "ID": ids,
        "NAME": [names[number] for number in ids],
        "SORTORDER": list(range(1, size + 1)),
        "ISACTIVE": ["false" if "pre 2014" in names[number] else "true" for number in ids],
        "ISLOCKED": ["false"] * size,
        "PUBLICSORTORDER": ids,
        "PRIVATESORTORDER": ids[::-1],
        "APPLIESTOSUBJECT": ["true"] * size,
        "ALLAPPLICATIONTYPES": ["true" if number % 3 else "false" for number in ids],
    })  # fmt: skip


def _relationship_types(until: int) -> pa.Table:
    types = _pairs("relationship_types", until)
    size = len(types)
    rows = list(types.values())
    return pa.table({
        "ID": list(types),
        "NAME": [row[0] for row in rows],
        "SORTORDER": list(range(1, size + 1)),
        "ISLOCKED": ["false"] * size,
        "ISACTIVE": ["true"] * size,
        "ISPRIMARY": ["true" if number < 3 else "false" for number in types],
        "INVERSEREF": [row[1] for row in rows],
        "RELATIONSHIPMALE": [row[2] for row in rows],
        "RELATIONSHIPFEMALE": [row[3] for row in rows],
    })  # fmt: skip


def application_type_names() -> dict[int, str]:
    """The first name of each type of application by its id."""
    return dict(_data()["application_types"])


def type_ids(key: str) -> list[int]:
    """The ids of a lookup at its first refresh, in its own order."""
    return list(_data()[key])
