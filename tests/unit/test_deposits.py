"""Deposits on disk: manifests to rely on, files that are the promised ones, zips that stay in their folder."""

import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fjo_pipeline.core.deposits import MANIFEST, last_change, read_deposit, unpack
from fjo_pipeline.core.errors import Refused
from tests.deposit_builder import TINY, manifest, write_deposit, write_zip, zipped_deposit


def with_manifest(folder: Path, content: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / MANIFEST).write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def changed(**change: Any) -> dict[str, Any]:
    return manifest(TINY) | change


def changed_resource(**change: Any) -> dict[str, Any]:
    resources: Any = manifest(TINY)["resources"]
    return changed(resources=[resources[0] | change, *resources[1:]])


def test_a_whole_deposit_is_whole(tmp_path: Path) -> None:
    deposit = read_deposit(write_deposit(tmp_path / "deposit"))
    assert deposit.standing() == ("whole", "")
    deposit.assert_whole()
    assert (deposit.manifest.name, deposit.manifest.version, deposit.manifest.synthetic) == ("tiny", "20240111", True)
    assert last_change(deposit.folder) >= (tmp_path / "deposit" / MANIFEST).stat().st_mtime


def test_data_are_real_unless_the_manifest_says_synthetic(tmp_path: Path) -> None:
    content = manifest(TINY)
    del content["synthetic"]
    assert not read_deposit(with_manifest(tmp_path / "deposit", content)).manifest.synthetic


def test_the_digest_names_content_whenever_and_however_it_was_written(tmp_path: Path) -> None:
    first = read_deposit(write_deposit(tmp_path / "a")).manifest
    content = manifest(TINY)
    content["resources"] = list(reversed(content["resources"]))  # type: ignore[call-overload]
    again = read_deposit(with_manifest(tmp_path / "b", content | {"created": "2025-01-01", "licence": "x"})).manifest
    assert first.digest == again.digest
    others = (
        changed(version="20240112"),
        changed(synthetic=False),
        changed_resource(bytes=1),
        changed_resource(hash="sha256:" + "0" * 64),
    )
    assert first.digest not in {read_deposit(with_manifest(tmp_path / "c", other)).manifest.digest for other in others}


def test_a_folder_without_manifest_is_refused_with_what_a_deposit_is(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=rf"no {MANIFEST} in .*a deposit is a folder or \.zip of CSV files"):
        read_deposit(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "not usable"),
        ({}, "name: Field required"),
        (changed(name="Tiny Deposit"), "name: "),
        (changed(name="../tiny"), "name: "),
        (changed(version="2024-01-11"), "version: "),
        (changed(version="../20240"), "version: "),
        (changed(resources=[]), "resources: "),
        (changed_resource(path="../CLIENTS.csv"), "resources.0.path"),
        (changed_resource(path="/etc/passwd.csv"), "resources.0.path"),
        (changed_resource(path="sub/CLIENTS.csv"), "resources.0.path"),
        (changed_resource(hash="md5:" + "0" * 32), "resources.0.hash"),
        (changed_resource(hash="sha256:" + "0" * 63), "resources.0.hash"),
        (changed_resource(bytes=-1), "resources.0.bytes"),
    ],
)
def test_an_unusable_manifest_is_refused_with_the_place(content: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=message):
        read_deposit(with_manifest(tmp_path / "deposit", content))


def test_a_manifest_in_latin_1_or_of_huge_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(b'{"name": "Zo\xeb"}')
    with pytest.raises(Refused, match="no JSON in UTF-8"):
        read_deposit(tmp_path)
    (tmp_path / MANIFEST).write_bytes(b" " * 1_000_001)
    with pytest.raises(Refused, match="larger than"):
        read_deposit(tmp_path)


def test_a_manifest_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    folder = write_deposit(tmp_path / "deposit")
    (folder / MANIFEST).write_bytes(b"\xef\xbb\xbf" + (folder / MANIFEST).read_bytes())
    assert read_deposit(folder).manifest.name == "tiny"


def test_a_missing_or_truncated_file_may_still_be_on_its_way(tmp_path: Path) -> None:
    deposit = read_deposit(write_deposit(tmp_path / "deposit"))
    path = deposit.folder / "VISITS.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    standing, why = deposit.standing()
    assert (standing, "truncated" in why, str(len(whole)) in why) == ("incomplete", True, True)
    path.unlink()
    assert deposit.standing() == ("incomplete", f"VISITS.csv is not there, though {MANIFEST} names it")
    with pytest.raises(Refused, match=r"VISITS\.csv is not there.*send the file again, or write"):
        deposit.assert_whole()


def test_other_bytes_are_another_file(tmp_path: Path) -> None:
    deposit = read_deposit(write_deposit(tmp_path / "deposit"))
    path = deposit.folder / "VISITS.csv"
    path.write_bytes(path.read_bytes().replace(b"home", b"dome"))
    assert deposit.standing() == ("altered", f"VISITS.csv has another SHA-256 than {MANIFEST} says")
    path.write_bytes(path.read_bytes() + b"\n")
    assert deposit.standing()[0] == "altered"


def test_a_link_is_no_file_of_a_deposit(tmp_path: Path) -> None:
    deposit = read_deposit(write_deposit(tmp_path / "deposit"))
    path = deposit.folder / "VISITS.csv"
    path.rename(tmp_path / "elsewhere.csv")
    path.symlink_to(tmp_path / "elsewhere.csv")
    assert deposit.standing()[0] == "incomplete"


def test_a_file_for_which_no_hash_vouches_is_not_read(tmp_path: Path) -> None:
    """Else two deposits of one digest could hold different rows."""
    folder = write_deposit(tmp_path / "deposit", {name: TINY[name] for name in TINY if name != "VISITS.csv"})
    (folder / "VISITS.csv").write_bytes(b"VISIT\n")
    assert read_deposit(folder).standing() == (
        "altered",
        f"a CSV file lies in the deposit that {MANIFEST} does not name",
    )


def test_a_zip_is_unpacked_to_the_folder_with_the_manifest(tmp_path: Path) -> None:
    folder = unpack(zipped_deposit(tmp_path / "deposit.zip"), tmp_path / "out")
    assert folder == tmp_path / "out" / "deposit"
    assert read_deposit(folder).standing() == ("whole", "")


def test_a_zip_without_manifest_is_unpacked_for_the_reader_to_refuse(tmp_path: Path) -> None:
    folder = unpack(write_zip(tmp_path / "x.zip", {"CLIENTS.csv": "ID\n"}), tmp_path / "out")
    with pytest.raises(Refused, match=f"no {MANIFEST}"):
        read_deposit(folder)


@pytest.mark.parametrize("name", ["../out.csv", "a/../../out.csv", "/tmp/out.csv", "..\\out.csv", "\\out.csv"])
def test_a_path_that_leads_out_of_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "in" / "x.zip", {"ok.csv": "", name: "out"})
    with pytest.raises(Refused, match="leads out of its folder"):
        unpack(archive, tmp_path / "in" / "out")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["x.zip"]


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("CLIENTS.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(Refused, match="holds a link"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


def test_a_zip_that_unpacks_to_far_more_than_it_holds_is_refused_unpacked(tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "x.zip", {"CLIENTS.csv": b"0" * 30_000_000})
    with pytest.raises(Refused, match="far more than a deposit can hold"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(Refused, match="far more"):
        unpack(write_zip(tmp_path / "y.zip", {f"{i}.csv": "" for i in range(1001)}), tmp_path / "out")


def test_a_small_deposit_may_be_packed_tightly(tmp_path: Path) -> None:
    assert unpack(write_zip(tmp_path / "x.zip", {"CLIENTS.csv": b"0" * 1_000_000}), tmp_path / "out").is_dir()


def test_a_broken_zip_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    archive = zipped_deposit(tmp_path / "x.zip")
    whole = archive.read_bytes()
    corrupt = bytearray(whole)
    corrupt[60:90] = b"\xff" * 30
    for content in (whole[: len(whole) // 2], bytes(corrupt), b"", b"no zip"):
        archive.write_bytes(content)
        with pytest.raises(Refused, match=r"x\.zip is no usable zip"):
            unpack(archive, tmp_path / "out")
        assert not (tmp_path / "out").exists()
