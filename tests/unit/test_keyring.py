"""Keyrings: keys are there or the error says so, lie wrapped in a file of 0600, and show themselves nowhere."""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.errors import KeyMissing, Refused
from fjo_pipeline.core.keyring import ZONE_KEYS, Keyring, PublicCard, keyring_path, open_keyring, passphrase
from fjo_pipeline.core.settings import ZONES, Settings

PASSPHRASE = b"three made-up words"


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create("provider", tmp_path / "provider" / "keyring.json")


def edit(keyring: Keyring, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(keyring.path.read_text())
    change(document)
    keyring.path.write_text(json.dumps(document))


@pytest.mark.parametrize("zone", ZONES)
def test_a_new_keyring_holds_its_zones_keys_and_opens_again(zone: Any, tmp_path: Path) -> None:
    made = Keyring.create(zone, tmp_path / "keyring.json")
    opened = Keyring.open(zone, tmp_path / "keyring.json")
    for name in (*ZONE_KEYS[zone], "signing"):
        assert opened.key(name) == made.key(name)
        assert len(opened.key(name)) == 32
    assert opened.card == made.card
    assert opened.fingerprints() == made.fingerprints()


def test_keys_of_made_up_data_follow_from_their_text_and_no_others_do(tmp_path: Path) -> None:
    def key(name: str, made_up: str | None = None) -> bytes:
        made = Keyring.create("databank", tmp_path / name, also=("project/1/ids",), made_up=made_up)
        return made.key("alf_e") + made.key("project/1/ids")

    assert key("one", made_up="1") == key("again", made_up="1")
    assert len({key("a", made_up="1x"), key("b", made_up="2"), key("c"), key("d")}) == 4
    assert Keyring.open("databank", tmp_path / "one").key("signing") != Keyring.open(
        "databank", tmp_path / "again"
    ).key("signing")


def test_the_file_is_its_owners_alone(keyring: Keyring) -> None:
    assert keyring.path.stat().st_mode & 0o777 == 0o600
    keyring.add("project 1661")
    assert keyring.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("secret", [None, PASSPHRASE])
def test_no_key_stands_in_plain_in_the_file(secret: bytes | None, tmp_path: Path) -> None:
    keyring = Keyring.create("ttp", tmp_path / "keyring.json", secret)
    text = keyring.path.read_bytes()
    for name in ("alf", "store", "signing", "age"):
        key = keyring.key(name)
        assert key not in text
        assert key.hex().encode() not in text
        assert b64encode(key).rstrip(b"=") not in text


def test_a_passphrase_opens_what_it_closed_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    made = Keyring.create("provider", path, PASSPHRASE)
    assert Keyring.open("provider", path, PASSPHRASE).key("split") == made.key("split")
    with pytest.raises(KeyMissing, match="passphrase does not open the keyring of zone provider") as wrong:
        Keyring.open("provider", path, b"other words")
    with pytest.raises(KeyMissing, match="FJO_PASSPHRASE_FILE"):
        Keyring.open("provider", path)
    assert "other words" not in str(wrong.value)
    assert wrong.value.__context__ is None


def test_the_passphrase_comes_from_its_file(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "words"
    file.write_bytes(PASSPHRASE + b"\n")
    guarded = settings.model_copy(update={"passphrase_file": file})
    made = Keyring.create("ttp", keyring_path(guarded, "ttp"), passphrase(guarded))
    assert open_keyring(guarded, "ttp").key("alf") == made.key("alf")
    file.unlink()
    with pytest.raises(KeyMissing, match="FJO_PASSPHRASE_FILE names a file that is not there"):
        open_keyring(guarded, "ttp")


def test_a_keyring_is_never_replaced(keyring: Keyring) -> None:
    before = keyring.path.read_bytes()
    with pytest.raises(Refused, match="never replaced"):
        Keyring.create("provider", keyring.path)
    assert keyring.path.read_bytes() == before


def test_a_missing_keyring_is_an_error_and_none_is_made(settings: Settings) -> None:
    with pytest.raises(KeyMissing, match="keyring of zone ttp is not there"):
        open_keyring(settings, "ttp")
    assert not settings.zone("ttp").exists()


def test_a_missing_key_is_an_error_and_none_is_made(keyring: Keyring) -> None:
    before = keyring.path.read_bytes()
    for call in (keyring.key, keyring.version, keyring.fingerprint):
        with pytest.raises(KeyMissing, match="no key 'alf'"):
            call("alf")
    with pytest.raises(KeyMissing, match="no key 'split' of version 7"):
        keyring.key("split", 7)
    with pytest.raises(KeyMissing):
        keyring.subkey("alf", "any")
    assert keyring.path.read_bytes() == before


def test_another_zones_keyring_does_not_open(keyring: Keyring) -> None:
    with pytest.raises(KeyMissing, match="belongs to another zone"):
        Keyring.open("ttp", keyring.path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"zone": "provider"}', "7"])
def test_a_damaged_keyring_is_said_to_be_damaged(content: str, keyring: Keyring) -> None:
    keyring.path.write_text(content)
    with pytest.raises(KeyMissing, match="damaged; restore it"):
        Keyring.open("provider", keyring.path)


def test_an_altered_key_does_not_unwrap(keyring: Keyring) -> None:
    def flip(document: dict[str, Any]) -> None:
        version = document["keys"]["split"]["versions"]["1"]
        raw = bytearray(b64decode(version["wrapped"]))
        raw[-1] ^= 1
        version["wrapped"] = b64encode(raw).decode()

    edit(keyring, flip)
    with pytest.raises(KeyMissing, match="'split' cannot be unwrapped") as caught:
        Keyring.open("provider", keyring.path).key("split")
    assert caught.value.__context__ is None


def test_a_key_cannot_be_put_under_another_name(keyring: Keyring) -> None:
    keyring.add("other")
    edit(keyring, lambda document: document["keys"].update(split=document["keys"]["other"]))
    with pytest.raises(KeyMissing, match="cannot be unwrapped"):
        Keyring.open("provider", keyring.path).key("split")


def test_keys_are_independent_and_random(tmp_path: Path) -> None:
    rings = [Keyring.create("ttp", tmp_path / str(number) / "keyring.json") for number in range(2)]
    assert len({ring.key(name) for ring in rings for name in ("alf", "store", "signing", "age")}) == 8


def test_subkeys_differ_by_purpose_name_and_key_and_are_stable(keyring: Keyring) -> None:
    keyring.add("other")
    made = {keyring.subkey(name, purpose) for name in ("split", "other") for purpose in ("file 2", "join key")}
    assert len(made) == 4
    assert keyring.key("split") not in made
    assert keyring.subkey("split", "file 2") == Keyring.open("provider", keyring.path).subkey("split", "file 2")
    assert all(len(subkey) == 32 for subkey in made)


def test_an_added_key_is_kept_and_its_name_is_taken(keyring: Keyring) -> None:
    assert not keyring.has("project 1661")
    keyring.add("project 1661")
    assert Keyring.open("provider", keyring.path).key("project 1661") == keyring.key("project 1661")
    with pytest.raises(Refused, match="holds a key 'project 1661' already"):
        keyring.add("project 1661")


def test_fingerprints_tell_keys_apart_and_do_not_hold_them(keyring: Keyring) -> None:
    keyring.add("other")
    prints = keyring.fingerprints()
    assert prints["split"][1] != prints["other"][1]
    assert keyring.fingerprint("split") == prints["split"][1]
    assert len(prints["split"][1]) == 16
    assert prints["split"][1] not in keyring.key("split").hex()


def test_no_repr_shows_a_secret(keyring: Keyring) -> None:
    shown = repr(keyring) + str(keyring) + repr(keyring.card)
    for secret in (keyring.key("split"), keyring.key("age"), keyring._kek):
        for form in (repr(secret)[2:-1], secret.hex(), b64encode(secret).decode().rstrip("=")):
            assert form not in shown


def test_pinned_cards_are_kept_and_refuse_change(tmp_path: Path, keyring: Keyring) -> None:
    ttp = Keyring.create("ttp", tmp_path / "ttp.json")
    impostor = Keyring.create("ttp", tmp_path / "impostor.json")
    with pytest.raises(KeyMissing, match="has not pinned the public keys of ttp"):
        keyring.peer("ttp")
    keyring.trust(ttp.card)
    keyring.trust(ttp.card)
    assert Keyring.open("provider", keyring.path).peer("ttp") == ttp.card
    with pytest.raises(Refused, match="pinned other public keys of ttp; compare the fingerprints"):
        keyring.trust(impostor.card)
    assert keyring.peer("ttp") == ttp.card


def another(text: str, place: int) -> str:
    """The text with another character at a place."""
    return text.replace(text[place], "q" if text[place] != "q" else "p")


def test_a_card_is_named_by_both_its_keys_and_its_zone(tmp_path: Path) -> None:
    card = Keyring.create("ttp", tmp_path / "keyring.json").card
    assert PublicCard(**card.as_json()) == card  # type: ignore[arg-type]
    others = [
        PublicCard("databank", card.age_recipient, card.verify_key),
        PublicCard("ttp", another(card.age_recipient, -1), card.verify_key),
        PublicCard("ttp", card.age_recipient, another(card.verify_key, 0)),
    ]
    assert len({each.fingerprint for each in (card, *others)}) == 4
