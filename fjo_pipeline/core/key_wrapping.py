"""How keys lie in a keyring: each wrapped under the key-encryption key, that one under a passphrase where there is one.

AES-256-GCM wraps, scrypt stretches a passphrase. Nothing here knows what a key is for.
"""

import os
import secrets
from base64 import b64decode, b64encode
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

SCRYPT_COST = 2**15
_NONCE = 12


def wrap(kek: bytes, name: str, secret: bytes) -> str:
    """A key wrapped under the key-encryption key, bound to its name."""
    nonce = secrets.token_bytes(_NONCE)
    return b64encode(nonce + AESGCM(kek).encrypt(nonce, secret, name.encode())).decode()


def unwrap(kek: bytes, name: str, wrapped: str) -> bytes | None:
    """The key that was wrapped under this name; None where it was altered, or wrapped under another name or key."""
    return _opened(kek, b64decode(wrapped), name.encode())


def protect_kek(kek: bytes, passphrase: bytes | None) -> dict[str, Any]:
    """The key-encryption key as the keyring holds it: under a passphrase, or in plain where there is none."""
    if passphrase is None:
        return {"kdf": "none", "kek": b64encode(kek).decode()}
    salt, nonce = os.urandom(16), os.urandom(_NONCE)
    sealed = AESGCM(_scrypt(passphrase, salt)).encrypt(nonce, kek, b"kek")
    return {"kdf": "scrypt", "salt": b64encode(salt).decode(), "kek": b64encode(nonce + sealed).decode()}


def is_protected(entry: dict[str, Any]) -> bool:
    """Whether a passphrase is needed to open this key-encryption key."""
    return bool(entry["kdf"] != "none")


def unlock_kek(entry: dict[str, Any], passphrase: bytes) -> bytes | None:
    """The protected key-encryption key; None where the passphrase is not its."""
    return _opened(_scrypt(passphrase, b64decode(entry["salt"])), b64decode(entry["kek"]), b"kek")


def _opened(key: bytes, raw: bytes, associated: bytes) -> bytes | None:
    # Without an exception on the way, so that no error of ours carries one of the library's as its context.
    try:
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], associated)
    except (InvalidTag, ValueError):
        return None


def _scrypt(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=SCRYPT_COST, r=8, p=1).derive(passphrase)
