"""The errors that a person may read: each message is free of values from the data and says the mend."""


class FjoError(Exception):
    """What went wrong and what to do, in words that are safe to print, log and show in Dagster."""


class Refused(FjoError):
    """Input or a request that cannot be taken as it is; trying again without mending it cannot help."""


class KeyMissing(FjoError):
    """A key that must exist does not. Keys are made by `fjo init` alone, never on the way."""


class CipherUnsound(FjoError):
    """The linking-field cipher does not give the standard's own answers here: whatever it made would be wrong."""


class StoreBusy(FjoError):
    """Another process holds the store's lock; trying again later helps."""


class StatementFailed(FjoError):
    """A DuckDB statement failed; its own message is withheld because DuckDB quotes values."""


class Exhausted(StatementFailed):
    """A statement failed for want of disk or memory: of what it read it tells nothing."""
