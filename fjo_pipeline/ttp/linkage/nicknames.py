"""Known variants of forenames: nicknames, spellings, transliterations, one group a line in `models/nicknames.csv`."""

from importlib.resources import files

from fjo_pipeline.core.sessions import Session


def load_nicknames(session: Session) -> None:
    """Make `linkage_nickname`(name, variant), both ways round; raises StatementFailed.

    A line reads `formal,variant,variant`. Variants of one formal name are no variants of each other unless a line of
    their own says so: Ellie and Nell are both Eleanor and may still be sisters.
    """
    lines = (files(__package__) / "models" / "nicknames.csv").read_text(encoding="utf-8").split()
    pairs = sorted({pair for line in lines for pair in _pairs(line.split(","))})
    session.run(
        """CREATE OR REPLACE TEMP TABLE linkage_nickname AS
        SELECT unnest($names) AS name, unnest($variants) AS variant""",
        {"names": [name for name, _ in pairs], "variants": [variant for _, variant in pairs]},
        step="load the variants of forenames",
    )


def _pairs(names: list[str]) -> list[tuple[str, str]]:
    spellings = names[0] == "*"
    if spellings:
        return [(a, b) for a in names[1:] for b in names[1:] if a != b]
    return [pair for variant in names[1:] for pair in ((names[0], variant), (variant, names[0]))]
