"""Small deposits made by hand, good unless told otherwise: of a tiny contract with every kind of field, and of ECMS.

Names in them are plainly invented, so that a test can search any output for them.
"""

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from fjo_pipeline.core.contracts import CONTRACTS, Contract, contract
from fjo_pipeline.core.deposits import MANIFEST

Csvs = Mapping[str, str | bytes]

TINY_CONTRACT = """
name: tiny
title: A contract for tests, with every kind of field
version: "1"
source: none
sail: {dataset: TINY, table_prefix: TINY, alf_table: TINY_ALF}
retention_days: {raw: 1, quarantined: 1, file_1: 1}
tables:
  - name: clients
    sail: CLIENTS
    kind: people
    schema:
      primaryKey: ID
      fields:
        - {name: ID, type: string, role: key, entity: person, constraints: {required: true, pattern: '^C[0-9]{4}$'}}
        - {name: SURNAME, type: string, role: identifier, file_1: SURNAME, constraints: {required: true}}
        - {name: FORENAME, type: string, role: identifier, file_1: FORENAME}
        - {name: BORN, type: date, role: identifier, file_1: DATE_OF_BIRTH}
        - {name: POSTCODE, type: string, role: identifier, file_1: POSTCODE}
        - {name: GENDER, type: string, role: content, file_1: GENDER_CD, codes: {M: "1", F: "2"}}
  - name: carers
    sail: CARERS
    kind: people
    schema:
      primaryKey: ID
      fields:
        - {name: ID, type: string, role: key, entity: person, constraints: {required: true, pattern: '^C[0-9]{4}$'}}
        - {name: SURNAME, type: string, role: identifier, file_1: SURNAME}
        - {name: BORN, type: date, role: identifier, file_1: DATE_OF_BIRTH}
  - name: visits
    sail: VISITS
    schema:
      primaryKey: VISIT
      foreignKeys:
        - {fields: PLACE, reference: {resource: places, fields: ID}}
      fields:
        - {name: VISIT, type: string, role: key, entity: visit, constraints: {required: true}}
        - {name: PERSON, type: string, role: key, entity: person, constraints: {required: true, pattern: '^C[0-9]{4}$'}}
        - {name: FAMILY, type: integer, role: key, entity: family}
        - {name: KIND, type: string, role: content, constraints: {enum: [home, office]}}
        - {name: SCORE, type: integer, role: content, constraints: {minimum: 0, maximum: 10}}
        - {name: PRICE, type: number, role: content}
        - {name: OPEN, type: boolean, role: content}
        - {name: CODE, type: string, role: content, constraints: {pattern: '^[A-Z]{3}$'}}
        - {name: SEEN, type: date, role: content}
        - {name: PLACE, type: integer, role: content}
        - {name: REMARK, type: string, role: content}
        - {name: NOTES, type: string, role: drop}
  - name: places
    sail: PLACES
    kind: lookup
    schema:
      primaryKey: ID
      fields:
        - {name: ID, type: integer, role: content, constraints: {required: true}}
        - {name: NAME, type: string, role: content}
"""

# The same as increments, its people with their ALF, and a table without a primary key that says whose ALF it is about.
GROWING_CONTRACT = (
    TINY_CONTRACT.replace("retention_days:", "delivery: increment\nretention_days:").replace(
        "sail: CLIENTS\n", "sail: CLIENTS\n    linked: {ALF: ALF}\n"
    )
    + """
  - name: calls
    sail: CALLS
    linked: {ALF: {said: ALF, person: PERSON}}
    schema:
      fields:
        - {name: PERSON, type: string, role: key, entity: person, constraints: {required: true, pattern: '^C[0-9]{4}$'}}
        - {name: MINUTES, type: integer, role: content}
"""
)

CLIENTS = """ID,SURNAME,FORENAME,BORN,POSTCODE,GENDER
C0001,Quillfeather,Ada Mary,2015-03-02,SA2 8PP,F
C0002,Quillfeather,Bo,2012-07-19,SA2 8PP,M
C0003,"Thimble, Jr",Cy,1985-01-31,,
"""
CARERS = """ID,SURNAME,BORN
C0009,Oddcastle,1979-11-05
"""
VISITS = """VISIT,PERSON,FAMILY,KIND,SCORE,PRICE,OPEN,CODE,SEEN,PLACE,REMARK,NOTES
v-1,C0001,70,home,3,1.5,true,ABC,2023-01-02,1,fine,Quillfeather was late
v-2,C0001,70,office,10,,false,,2023-02-02,2,,
v-3,C0002,70,,0,0,,XYZ,,1,,
v-4,C0009,,home,,2,true,ABC,2023-03-03,,,
"""
PLACES = "ID,NAME\n1,North\n2,South\n"

TINY: dict[str, str | bytes] = {
    "CLIENTS.csv": CLIENTS,
    "CARERS.csv": CARERS,
    "VISITS.csv": VISITS,
    "PLACES.csv": PLACES,
}
# Long enough never to stand in encrypted bytes by chance.
TINY_IDENTIFIERS = ("Quillfeather", "Thimble", "Oddcastle", "Ada Mary", "SA2 8PP", "2015-03-02", "1979-11-05")


def write_contracts(folder: Path, *shipped: str) -> Path:
    """A folder of contracts: the tiny one, and the shipped ones of these names, which take long to read."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tiny.yaml").write_text(TINY_CONTRACT)
    for name in shipped:
        shutil.copyfile(CONTRACTS / f"{name}.yaml", folder / f"{name}.yaml")
    return folder


def write_csvs(folder: Path, csvs: Csvs) -> Path:
    """The CSV files alone, replacing what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in csvs.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def manifest(
    csvs: Csvs, dataset: str = "tiny", refresh: str = "20240111", *, synthetic: bool = True, base: str | None = None
) -> dict[str, object]:
    """The manifest that a good deposit of these files has: a full one, or an increment on a base."""
    raw = {name: content.encode() if isinstance(content, str) else content for name, content in csvs.items()}
    resources = [
        {
            "name": Path(name).stem.lower(),
            "path": name,
            "bytes": len(content),
            "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        }
        for name, content in sorted(raw.items())
    ]
    return {
        "name": dataset,
        "version": refresh,
        "created": "2024-01-11",
        "synthetic": synthetic,
        **({"delivery": "increment", "base": base} if base else {"delivery": "full"}),
        "resources": resources,
    }


def write_deposit(
    folder: Path, csvs: Csvs = TINY, dataset: str = "tiny", refresh: str = "20240111", base: str | None = None
) -> Path:
    """A whole deposit: files and manifest."""
    write_csvs(folder, csvs)
    (folder / MANIFEST).write_text(json.dumps(manifest(csvs, dataset, refresh, base=base)))
    return folder


def write_zip(path: Path, members: Mapping[str, str | bytes]) -> Path:
    """A zip of members by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def zipped_deposit(path: Path, csvs: Csvs = TINY, refresh: str = "20240111") -> Path:
    """A whole deposit as a zip, its files within a folder, as people pack them."""
    members: dict[str, str | bytes] = {f"deposit/{name}": content for name, content in csvs.items()}
    return write_zip(path, members | {f"deposit/{MANIFEST}": json.dumps(manifest(csvs, "tiny", refresh))})


def with_lines(csv: str, *lines: str) -> str:
    """A CSV file with more rows at its end."""
    return csv + "".join(f"{line}\n" for line in lines)


Row = Mapping[str, object]


def ecms_csvs(
    people: Sequence[Row] = (), applications: Sequence[Row] = (), roles: Sequence[Row] = ()
) -> dict[str, str | bytes]:
    """The files of an ECMS deposit: these people, applications (each on case 1) and roles, and one row a lookup."""
    ecms = contract("cafcass_england_ecms")
    given: dict[str, Sequence[Row]] = {
        "cases": [{"ID": 1, "COURTCASENUMBER": "ZZ99C00001"}],
        "people": people,
        "applications": [{"CASE_ID": 1} | dict(each) for each in applications],
        "personsonapplications": [_role(number, each) for number, each in enumerate(roles, 1)],
        "applicationtypes": [{"ID": 1, "NAME": "Care (s31)"}, {"ID": 2, "NAME": "Child Arrangements (s8)"}],
    }
    return {table.path: _csv(ecms, table.name, given.get(table.name)) for table in ecms.tables}


def csvs_of(each: Contract, rows: Mapping[str, Sequence[Row]]) -> dict[str, str | bytes]:
    """The files of a deposit with these rows by table; a table that has none is there all the same."""
    return {table.path: _csv(each, table.name, rows.get(table.name, [])) for table in each.tables}


def _role(number: int, row: Row) -> Row:
    flags = ("ISSUBJECT", "ISRESPONDENT", "ISAPPLICANT", "ISOTHER", "ISSUBJECTPARTY", "ISOTHERPARTY")
    return {"ID": number, **dict.fromkeys(flags, "false"), **row}


def _csv(each: Contract, name: str, rows: Sequence[Row] | None) -> str:
    table = each.table(name)
    if rows is None:
        rows = [{"ID": 1}] if table.kind == "lookup" else []
    columns = [field.name for field in table.fields]
    lines = [",".join(str(row.get(column, "")) for column in columns) for row in rows]
    return "\n".join([",".join(columns), *lines]) + "\n"
