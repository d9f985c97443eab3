"""`fjo contract check`: what is wrong with one contract, alone and beside the others, and what a good one says."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fjo_pipeline.core.contract_names import name_clashes
from fjo_pipeline.core.contracts import Contract, Mistake, examine_contract, load_contract, place_in_words
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.table_contracts import TableContract
from fjo_pipeline.core.yaml_lines import read_yaml_with_lines


@dataclass(frozen=True)
class ContractReport:
    """What `fjo contract check` found: every mistake by line, or what the contract says in short."""

    file: str
    mistakes: tuple[Mistake, ...]
    summary: dict[str, Any]

    @property
    def good(self) -> bool:
        """Whether the contract can be used."""
        return not self.mistakes

    def as_json(self) -> dict[str, Any]:
        """The report for a script."""
        return {"good": self.good, **asdict(self)}

    def __str__(self) -> str:
        if self.mistakes:
            return "\n".join(f"{self.file}, {each}" for each in self.mistakes)
        return "\n".join([f"{self.file}: the contract can be used", *(f"  {line}" for line in self._lines())])

    def _lines(self) -> list[str]:
        said = self.summary
        tables = [
            f"{each['file']} ({each['kind']}, {each['fields']} fields)"
            + (f" becomes {each['becomes']}" if each["becomes"] else "")
            for each in said["tables"]
        ]
        ways = [
            f"to File 1: {', '.join(said['file_1']) or 'nothing'}; linkage begins with {said['linkage_begins_with']}",
            f"to File 2: {said['file_2_fields']} fields, {said['keys']} of them keys; kept back: {said['dropped']}",
        ]
        return [
            f"{said['title']}, version {said['version']}, delivered as {said['delivery']}",
            *tables,
            *(["a register: it stays at the trusted third party"] if said["register"] else ways),
        ]


def check_contract(path: Path, folder: Path) -> ContractReport:
    """Check a contract file by itself and beside those of `folder`, whose file of the same dataset it would replace.

    Refused where the file, or one that it must stand beside, cannot be read at all.
    """
    if not path.is_file():
        raise Refused(f"there is no contract at {path}")
    contract, mistakes = examine_contract(path)
    if contract is None:
        return ContractReport(path.name, mistakes, {})
    mistakes = _beside_the_others(contract, path, folder)
    return ContractReport(path.name, mistakes, {} if mistakes else _summary(contract))


def _beside_the_others(contract: Contract, path: Path, folder: Path) -> tuple[Mistake, ...]:
    content, lines = read_yaml_with_lines(path)
    mistakes = []
    if path.stem != contract.name:
        rule = f"the contract is of {contract.name}: name the file {contract.name}.yaml"
        mistakes.append(Mistake(lines.of(("name",)), "name", rule))
    others = [load_contract(each) for each in sorted(folder.glob("*.yaml")) if each.stem != contract.name]
    for clash in name_clashes([*others, contract]):
        if clash.second == contract.name:
            rule = f"the contract {clash.first} claims the name {clash.name} already"
            mistakes.append(Mistake(lines.of(clash.place), place_in_words(content, clash.place), rule))
    return tuple(mistakes)


def _summary(contract: Contract) -> dict[str, Any]:
    fields = [field for table in contract.tables for field in table.fields]
    file_1 = sorted({field.file_1 for field in fields if field.file_1})
    return {
        "name": contract.name,
        "title": contract.title,
        "version": contract.version,
        "delivery": "a full refresh" if contract.delivery == "full" else "increments",
        "register": contract.register_,
        "tables": [_table(contract, table) for table in contract.tables],
        "file_1": file_1,
        "file_2_fields": sum(field.to_file_2 for field in fields),
        "keys": sum(field.role == "key" for field in fields),
        "dropped": sum(field.role == "drop" for field in fields),
        "linkage_begins_with": "NHS numbers" if "NHS_NUMBER" in file_1 else "names, dates of birth and postcodes",
    }


def _table(contract: Contract, table: TableContract) -> dict[str, Any]:
    becomes = table.curated and contract.sail is not None
    return {
        "name": table.name,
        "file": table.path,
        "kind": table.kind,
        "fields": len(table.fields),
        "becomes": contract.curated_name(table, "<date>") if becomes else None,
        "columns": list(table.curated_columns) if becomes else [],
    }
