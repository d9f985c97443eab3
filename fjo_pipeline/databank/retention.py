"""Which snapshots of the store are kept: the released, the latest, and those that extracts are pinned to.

DuckLake cannot protect a snapshot, so expiry goes by an explicit list, under the store's lock, never by age.
"""

from collections.abc import Iterable

from fjo_pipeline.core.sessions import Session


def expire_snapshots(session: Session, keep: Iterable[int]) -> int:
    """Expire every snapshot but those in `keep` and the latest, and delete their files; returns how many went.

    The session must hold the store's lock: orphans of another's transaction would be taken for leftovers.
    """
    kept = set(keep)
    every = [row[0] for row in session.rows("SELECT snapshot_id FROM lake.snapshots()", step="list snapshots")]
    gone = sorted(set(every) - kept - {max(every)})
    if gone:
        versions = ", ".join(map(str, gone))
        session.run(f"CALL ducklake_expire_snapshots('lake', versions => [{versions}])", step="expire snapshots")
    remove_leftover_files(session)
    return len(gone)


def leftover_files(session: Session) -> list[str]:
    """The store's files that no snapshot holds, by name: a killed step wrote them, or did not come to delete them.

    The session must hold the store's lock, as for `remove_leftover_files`: orphans of another's transaction would be
    taken for leftovers.
    """
    calls = ("ducklake_cleanup_old_files", "ducklake_delete_orphaned_files")
    return sorted(
        str(row[0])
        for call in calls
        for row in session.rows(f"CALL {call}('lake', cleanup_all => true, dry_run => true)", step="list leftovers")
    )


def remove_leftover_files(session: Session) -> None:
    """Delete what `leftover_files` lists."""
    session.run("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)", step="delete expired files")
    session.run("CALL ducklake_delete_orphaned_files('lake', cleanup_all => true)", step="delete leftover files")
