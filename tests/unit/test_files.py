"""Files that are there whole or not at all, and digests that name content."""

import hashlib
from pathlib import Path

import pytest

from fjo_pipeline.core.files import move_folder, sha256_of_file, sha256_of_texts, write_atomically


def test_a_file_is_written_whole_private_and_without_leftovers(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_atomically(path, b"first")
    write_atomically(path, b"second")
    assert path.read_bytes() == b"second"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    with pytest.raises(TypeError):
        write_atomically(path, "no bytes")  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"


def test_a_folder_is_moved_over_what_an_earlier_try_left(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "deep" / "target"
    source.mkdir()
    (source / "new").touch()
    target.mkdir(parents=True)
    (target / "old").touch()
    move_folder(source, target)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert not source.exists()


def test_a_move_that_is_cut_off_leaves_nothing_beside_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies there is listed as a deposit, a transfer or a publication."""
    source, target = tmp_path / "work" / "draft", tmp_path / "inbox" / "1"
    for folder in (source, target):
        folder.mkdir(parents=True)
    rename = Path.rename

    def cut_off_at_the_source(path: Path, to: Path) -> Path:
        if path == source:
            raise KeyboardInterrupt
        return rename(path, to)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", cut_off_at_the_source)
        with pytest.raises(KeyboardInterrupt):
            move_folder(source, target)
    assert list(target.parent.iterdir()) == []
    move_folder(source, target)
    assert list(target.parent.iterdir()) == [target]
    assert list(source.parent.iterdir()) == []


def test_digests_are_sha_256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()


def test_texts_do_not_run_into_one_another() -> None:
    assert len({sha256_of_texts("ab", "c"), sha256_of_texts("a", "bc"), sha256_of_texts("abc")}) == 3
    assert sha256_of_texts("ab", "c") == sha256_of_texts("ab", "c")
