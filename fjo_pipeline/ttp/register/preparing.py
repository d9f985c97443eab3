"""The register as linkage reads it, kept in the store: normalised once for each register and normalisation."""

from fjo_pipeline.core.files import sha256_of_texts
from fjo_pipeline.core.sessions import Session
from fjo_pipeline.core.stores import one_transaction
from fjo_pipeline.ttp.linkage import normalise
from fjo_pipeline.ttp.linkage.normalise import RegisterRelations
from fjo_pipeline.ttp.linkage.prepare import FORMAT, PREPARED, keep_prepared, prepare_register, show_prepared
from fjo_pipeline.ttp.register.loading import register_version

REGISTER = RegisterRelations(person="ttp.register.person", name="ttp.register.name", address="ttp.register.address")
SCHEMA = "ttp.prepared"


def prepared_version(session: Session) -> str:
    """What the register must be prepared as: its version, that of the normalisation, and the form of the tables."""
    return sha256_of_texts(register_version(session)[0], normalise.VERSION, FORMAT)


def open_prepared(session: Session) -> str:
    """Let the session see the prepared register, prepared first where that is still to do; returns its version.

    Refused where no register is loaded.
    """
    version = prepared_version(session)
    found = session.rows(f"SELECT version FROM {SCHEMA}.version", step="look at the prepared register")
    if found != [(version,)]:
        prepare_register(session, REGISTER)
        with one_transaction(session):
            keep_prepared(session, SCHEMA)
            session.run(f"DELETE FROM {SCHEMA}.version", step="make room for the prepared register's version")
            session.run(f"INSERT INTO {SCHEMA}.version VALUES (?)", (version,), step="note what was prepared")
        for table in PREPARED:
            session.run(f"DROP TABLE temp.linkage_{table}", step="drop what is in the store now")
    show_prepared(session, SCHEMA)
    return version
