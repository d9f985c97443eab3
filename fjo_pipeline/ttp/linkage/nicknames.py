"""Known variants of forenames: nicknames, spellings, transliterations, one group a line in `models/nicknames.csv`."""

from importlib.resources import files

import pyarrow as pa

from fjo_pipeline.core.sessions import Session


def load_nicknames(session: Session) -> None:
    """Make `linkage_nickname`(name, variant), both ways round; raises StatementFailed.

    A line reads `formal,variant,variant`. Variants of one formal name are no variants of each other unless a line of
    their own says so: Ellie and Nell are both Eleanor and may still be sisters.
    """
    lines = (files(__package__) / "models" / "nicknames.csv").read_text(encoding="utf-8").split()
    pairs = sorted({pair for line in lines for pair in _pairs(line.split(","))})
    arrow = pa.table({"name": [name for name, _ in pairs], "variant": [variant for _, variant in pairs]})
    with session.registered(arrow) as rows:
        session.run(f"CREATE OR REPLACE TEMP TABLE linkage_nickname AS FROM {rows}", step="load forenames' variants")


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    spellings = names[0] == "*"
    if spellings:
        return [(a, b) for a in names[1:] for b in names[1:] if a != b]
    return [pair for variant in names[1:] for pair in ((names[0], variant), (variant, names[0]))]
