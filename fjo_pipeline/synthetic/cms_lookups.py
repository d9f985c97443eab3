"""The lookups of Cafcass England's CMS, made from those of ECMS under other ids; ids and coding are ours [R]."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fjo_pipeline.synthetic.lookups import lookup_tables
from fjo_pipeline.synthetic.relationships import GRANDPARENT_OF, PARENT, STEP_PARENT
from fjo_pipeline.synthetic.streams import Ints

FIRST_TYPE, FIRST_OUTPUT, FIRST_AUTHORITY = 100, 1000, 500
"""What is added to ECMS's ids of application types, output types and local authorities: no code carries over."""
OPEN, CLOSED, TRANSFERRED = 1, 2, 3
OTHER_CARER = 5
_CLASSES = {1: "Final order", 2: "Interim order", 3: "Direction", 4: "Other"}
_RELATIONSHIPS = {
    PARENT: "Parent",
    GRANDPARENT_OF: "Grandparent",
    STEP_PARENT: "Step parent",
    OTHER_CARER: "Carer\u00a0",
}
# The names of before April 2014, when child arrangements orders took their place.
_TYPES_BEFORE = {"Child Arrangements (C100, s8)": "Residence or Contact (s8)"}


def cms_lookup_tables() -> dict[str, pa.Table]:
    """Every lookup of CMS by the name of its file: what ECMS's said before their first change."""
    ecms = lookup_tables(0)
    courts, levels = ecms["COURTS"], ecms["COURTCOURTLEVELREFS"]
    at = pa.array(levels["COURT_ID"].to_numpy() - 1)
    types, outputs, authorities = ecms["APPLICATIONTYPES"], ecms["LEGALOUTPUTTYPES"], ecms["LOCALAUTHORITIES"]
    names = outputs["NAME"].to_pylist()
    return {
        "TLKPCASEAPPLICATIONTYPE": pa.table({
            "CASEAPPLICATIONTYPEID": pc.add(types["ID"], FIRST_TYPE),
            "CASEAPPLICATIONTYPE": [_TYPES_BEFORE.get(name, name) for name in types["NAME"].to_pylist()],
            "LAWTYPES": [1 if number <= 8 or number > 14 else 2 for number in types["ID"].to_pylist()],
        }),
        "TLKPCOURT": pa.table({
            "COURTID": levels["ID"], "COURT": courts["NAME"].take(at), "COURTLEVELREF": levels["COURTLEVELREF_ID"],
            "CIRCUITREF": courts["CIRCUITREF_ID"].take(at), "DFJAREAREF": courts["DJAREAREF_ID"].take(at),
        }),
        "TLKPCOURTLEVEL": _captions(ecms["COURTLEVELREFS"]),
        "TLKPCIRCUIT": _captions(ecms["CIRCUITREFS"]),
        "TLKPDFJAREA": _captions(ecms["DJAREAREFS"]),
        "TLKPLAWTYPE": _captions(ecms["LAWTYPES"]),
        "TLKPCASESTATUS": _pairs({OPEN: "Open", CLOSED: "Completed", TRANSFERRED: "Transferred"}, "ITEMID", "CAPTION"),
        "TLKPETHNICORIGIN": _captions(ecms["ETHNICITYTYPES"]),
        "TLKPLANGUAGE": _captions(ecms["LANGUAGETYPES"]),
        "TLKPRELIGION": _captions(ecms["RELIGIONTYPES"]),
        "TLKPLOCALAUTHORITY": pa.table(
            {"LOCALAUTHORITYID": pc.add(authorities["ID"], FIRST_AUTHORITY), "AUTHORITY": authorities["NAME"]}
        ),
        "TLKPREGION": ecms["CIRCUITREFS"].rename_columns(["REGIONID", "REGION"]),
        "TLKPDISABILITY": ecms["DISABILITYTYPES"].select(["ID", "NAME"]).rename_columns(["DISABILITYID", "DISABILITY"]),
        "TLKPLEGALOUTPUTTYPE": pa.table({
            "LEGALOUTPUTTYPEID": pc.add(outputs["ID"], FIRST_OUTPUT), "LEGALOUTPUTTYPE": outputs["NAME"],
            "LEGALOUTPUTCLASSREF": [_class(name) for name in names],
        }),
        "TLKPLEGALOUTPUTCLASS": _pairs(_CLASSES, "LEGALOUTPUTCLASSID", "LEGALOUTPUTCLASS"),
        "TLKPCRSRELATIONSHIP": _pairs(_RELATIONSHIPS, "CRSRELATIONSHIPID", "CRSRELATIONSHIP"),
    }  # fmt: skip


def circuit_of_court(court: Ints) -> Ints:
    """The circuit of each court at a level, by its id."""
    table = cms_lookup_tables()["TLKPCOURT"]
    circuits = np.zeros(int(table["COURTID"].to_numpy().max()) + 1, dtype=np.int64)
    circuits[table["COURTID"].to_numpy()] = table["CIRCUITREF"].to_numpy()
    return circuits[court]


def _captions(table: pa.Table) -> pa.Table:
    return table.select(table.column_names[:2]).rename_columns(["ITEMID", "CAPTION"])


def _pairs(names: dict[int, str], key: str, name: str) -> pa.Table:
    return pa.table({key: list(names), name: list(names.values())})


def _class(name: str) -> int:
    if "Interim" in name or "(interim)" in name:
        return 2
    return 3 if name.startswith("Directions") else 1 if "Order" in name or name.startswith("CAO") else 4
