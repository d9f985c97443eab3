"""`LINK_CHANGES`: whose link is another one than in the refresh before, so that no user is surprised."""

from itertools import pairwise

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.sessions import Session, literal
from fjo_pipeline.databank.tables import alf_table


def rebuild_link_changes(session: Session, contract: Contract) -> None:
    """Write a dataset's changes anew from its ALF tables, so that the order of deposits makes no difference."""
    session.run(
        f"DELETE FROM lake.databank.link_changes WHERE DATASET = {literal(contract.name)}", step="clear link changes"
    )
    refreshes = [
        refresh
        for (refresh,) in session.rows(
            "SELECT refresh FROM lake.databank.partitions WHERE dataset = ? ORDER BY refresh",
            (contract.name,),
            step="list refreshes",
        )
    ]
    for earlier, later in pairwise(refreshes):
        session.run(_changes(contract, earlier, later), step="compare two refreshes' links")


def _changes(contract: Contract, earlier: str, later: str) -> str:
    old, new = alf_table(contract, earlier).qualified(), alf_table(contract, later).qualified()
    return f"""
        INSERT INTO lake.databank.link_changes
        SELECT {literal(contract.name)}, PERSON_ID_E, {literal(later)}, {literal(earlier)},
            old.ALF_STS_CD, new.ALF_STS_CD,
            CASE WHEN old.ALF_E IS NULL AND new.ALF_E IS NOT NULL THEN 'linked now'
                 WHEN new.ALF_E IS NULL AND old.ALF_E IS NOT NULL THEN 'no longer linked'
                 WHEN old.ALF_E IS DISTINCT FROM new.ALF_E THEN 'linked to another person'
                 ELSE 'other match status' END
        FROM {old} AS old JOIN {new} AS new USING (PERSON_ID_E)
        WHERE old.ALF_E IS DISTINCT FROM new.ALF_E OR old.ALF_STS_CD IS DISTINCT FROM new.ALF_STS_CD
        ORDER BY PERSON_ID_E
    """
