"""The data dictionary: one Markdown page made from the contracts, so that it cannot say other than they do.

`python -m fjo_pipeline.core.data_dictionary` writes `docs/data-dictionary.md`.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from fjo_pipeline.core.contracts import CONTRACTS, REGISTER_COLUMNS, REGISTER_IDS, Contract, load_contract
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.core.table_contracts import FieldContract, ForeignKey, Linked, TableContract

PAGE = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

_OPENING = """\
# Data dictionary

Made from the contracts in `fjo_pipeline/contracts` by `python -m fjo_pipeline.core.data_dictionary`; do not edit.

- Columns are named as a project sees them: ids end in `_PE` (in the databank itself, in `_E`), and `<date>` is the
  refresh date, YYYYMMDD.
- **[R]** marks our own reconstruction, where no public source says what a table or field means or how it is coded.
- **File 1** is what the trusted third party links by, **File 2** the content that the databank receives. A *key* goes
  to File 2 encrypted, and is encrypted again at every further hop.
- Exact copies of a row are taken and counted; rows that share a primary key and differ are refused.
"""


def data_dictionary(contracts: Sequence[Contract]) -> str:
    """The whole page as Markdown: datasets by name, then registers; tables and fields in the contract's order."""
    ordered = sorted(contracts, key=lambda contract: (contract.register_, contract.name))
    return "\n".join([_OPENING, *(_dataset(contract) for contract in ordered)])


def _dataset(contract: Contract) -> str:
    parts = [f"## {contract.title}\n", _about(contract), _overview(contract)]
    return "\n".join(parts + [_table(contract, table) for table in contract.tables])


def _about(contract: Contract) -> str:
    kept = contract.retention_days
    delivery = "a full refresh each time" if contract.delivery == "full" else "full, then increments on that base"
    lines = [
        f"Contract `{contract.name}`, version {contract.version}. {contract.source.strip()}\n",
        f"- Delivery: {delivery}.",
        f"- Kept: raw data {kept.raw} days, quarantined data {kept.quarantined} days, File 1 {kept.file_1} days.",
    ]
    if contract.sail:
        low, high = contract.match_rate_band
        lines += [
            f"- Match rate looked for: {low:.0%} to {high:.0%}; a File 3 outside it is not sent.",
            f"- Links of its people: `{contract.sail.alf_table}_<date>`.",
        ]
        if contract.has_addresses:
            lines.append(f"- Their residences: `{contract.sail.ralf_table}_<date>`, special access, [R].")
    if contract.quality_by_ethnicity:
        lines.append("- The databank's quality page shows match rates by ethnicity.")
    if contract.second_register:
        lines.append("- The second register: `ALF2` says which of its people somebody is, [R].")
    if contract.register_:
        lines.append("- A register: it stays at the trusted third party, and nothing of it goes to File 1 or File 2.")
    if contract.deidentified:
        persons, addresses = (", ".join(map(_as_seen, columns)) for columns in REGISTER_COLUMNS.values())
        lines += [
            f"- Its people in the databank: `{contract.deidentified.persons}_<date>`: {persons}.",
            f"- Their addresses: `{contract.deidentified.addresses}_<date>`, special access: {addresses}.",
        ]
    if contract.derived:
        names = ", ".join(contract.derived.type_names)
        lines.append(
            f"- Derived at the split: `{contract.derived.name}` in a table of its own, `{contract.derived.table}`: a "
            f"child's exact age band at its first application of the types {names}. Special access."
        )
    return "\n".join(lines) + "\n"


def _as_seen(column: str) -> str:
    return f"`{column}_PE`" if column in REGISTER_IDS else f"`{column}`"


def _overview(contract: Contract) -> str:
    rows = [
        (f"[{table.sail}](#{_anchor(contract, table)})", _kind(table), _meaning(table.title))
        for table in contract.tables
    ]
    return _markdown_table(("table", "kind", "what it holds"), rows)


def _kind(table: TableContract) -> str:
    kind = {"data": "table", "people": "people", "lookup": "lookup"}[table.kind]
    return kind + (", special access" if table.special_access else "") + (", [R]" if table.reconstruction else "")


def _anchor(contract: Contract, table: TableContract) -> str:
    return f"{contract.name}-{table.name}".replace("_", "-")


def _table(contract: Contract, table: TableContract) -> str:
    heading = f'<a id="{_anchor(contract, table)}"></a>\n\n### {table.sail} ({_kind(table)})\n\n{table.title}\n'
    keys = {key.fields: key for key in table.table_schema.foreign_keys}
    rows = [
        (f"`{field.name}`", field.type, _goes_to(contract, field), _rules(table, field, keys), _description(field))
        for field in table.fields
    ]
    fields = _markdown_table(("deposited column", "type", "goes to", "rules", "meaning"), rows)
    return "\n".join([heading, *([_becomes(contract, table)] if contract.sail else []), fields])


def _becomes(contract: Contract, table: TableContract) -> str:
    if not table.curated:
        return "Becomes no table of its own: it only says who the people are whom the other tables name.\n"
    columns = (f"`{column}_PE`" if table.is_id(column) else f"`{column}`" for column in table.curated_columns)
    linked = "; ".join(_linked(column, source) for column, source in table.linked.items())
    schema = f"`{contract.schema_of(table)}`" if table.kind == "lookup" else "the project's schema"
    name = contract.curated_name(table, "<date>")
    return f"Becomes `{name}` in {schema}: {', '.join(columns)}.{f' ({linked}.)' if linked else ''}\n"


def _linked(column: str, source: Linked) -> str:
    of = f" of the person in `{source.person}`" if source.person else ""
    return f"`{column}` is File 3's {source.said}{of}"


def _goes_to(contract: Contract, field: FieldContract) -> str:
    if contract.register_:
        entity = f"key of {_words(field.entity or '')}" if field.role == "key" else ""
        return entity or (f"compared with `{field.file_1}`" if field.file_1 else "stays")
    if field.role == "key":
        return f"File 2, key of {_words(field.entity or '')}"
    if field.role == "drop":
        return "nowhere: stays with the provider"
    file_1 = [f"File 1 as `{field.file_1}`"] if field.file_1 else []
    return ", ".join(file_1 + (["File 2"] if field.to_file_2 else []))


def _rules(table: TableContract, field: FieldContract, keys: dict[str, ForeignKey]) -> str:
    limits = field.constraints
    rules = ["primary key"] if field.name == table.table_schema.primary_key else []
    rules += ["required"] if limits.required else []
    rules += ["unique"] if limits.unique else []
    rules += [_one_of(limits.enum, field.outgrown)] if limits.enum else []
    rules += [f"pattern `{limits.pattern}`"] if limits.pattern else []
    rules += [f"at least {limits.minimum}"] if limits.minimum is not None else []
    rules += [f"at most {limits.maximum}"] if limits.maximum is not None else []
    if field.name in keys:
        reference = keys[field.name].reference
        rules.append(f"in {reference.resource.upper()}.{reference.fields}")
    return "; ".join(rules)


def _one_of(codes: Sequence[str], outgrown: str) -> str:
    listed = "one of " + ", ".join(f"`{code}`" for code in codes)
    return listed + (" (others are taken and counted)" if outgrown == "warn" else "")


def _description(field: FieldContract) -> str:
    return ". ".join(text for text in (field.title, field.description) if text)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _meaning(text: str) -> str:
    return text.split(": ", 1)[-1]


def _markdown_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def shipped_data_dictionary(folder: Path = CONTRACTS) -> str:
    """The page for every contract in a folder, the repository's unless told."""
    return data_dictionary([load_contract(path) for path in sorted(folder.glob("*.yaml"))])


if __name__ == "__main__":
    PAGE.write_text(shipped_data_dictionary(Settings().contracts), encoding="utf-8")
