"""The databank's layers of encryption over ids: `_E` at rest under its own key, `_PE` under each project's."""

from dataclasses import dataclass

import pyarrow as pa

from fjo_pipeline.core.contracts import Contract
from fjo_pipeline.core.keyring import Keyring
from fjo_pipeline.core.linking_field import LinkingFieldCipher, tweak_for
from fjo_pipeline.core.table_contracts import LINKING_FIELDS


@dataclass(frozen=True)
class ReEncryption:
    """From the databank's layer to a project's: the one is taken off in memory before the other is laid on."""

    at_rest: LinkingFieldCipher
    project: LinkingFieldCipher

    def __call__(self, ids: pa.Array) -> pa.Array:
        """Ids `_E` to ids `_PE`; null stays null."""
        return self.project.encrypt_arrow(self.at_rest.decrypt_arrow(ids))


def at_rest(contract: Contract, entity: str, keyring: Keyring, version: int | None = None) -> LinkingFieldCipher:
    """The cipher between an incoming id and its `_E` form, under a version of the databank's key."""
    return LinkingFieldCipher(keyring.key("alf_e", version), _tweak(contract, entity))


def for_project(contract: Contract, entity: str, keyring: Keyring, project: str, version: int | None) -> ReEncryption:
    """The way of one entity's ids from `_E` to a project's `_PE`; KeyMissing where the project has no key."""
    own = LinkingFieldCipher(keyring.key(f"project/{project}/ids"), _tweak(contract, entity))
    return ReEncryption(at_rest(contract, entity, keyring, version), own)


def _tweak(contract: Contract, entity: str) -> bytes:
    # A linking field means the same in every dataset, so its tweak is the entity alone.
    return tweak_for(None if entity in LINKING_FIELDS else contract.name, entity)
