"""Deposits as they lie on disk: a folder or a .zip of CSV files with a Frictionless `datapackage.json`."""

import json
import re
import shutil
import stat
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fjo_pipeline.core.contracts import Delivery
from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.files import sha256_of_file, sha256_of_texts

MANIFEST = "datapackage.json"
MAXIMUM_MANIFEST_BYTES = 1_000_000
MAXIMUM_UNPACKED_BYTES = 64_000_000_000
MAXIMUM_ZIP_RATIO = 200
MAXIMUM_ZIP_MEMBERS = 1_000
HASHING_THREADS = 2

Standing = Literal["whole", "incomplete", "altered"]


class Resource(BaseModel):
    """One file that a manifest promises."""

    model_config = ConfigDict(frozen=True)

    name: str
    path: str = Field(pattern=r"^[A-Za-z0-9_]{1,100}\.csv$")
    bytes: int = Field(ge=0)
    hash: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")


class Manifest(BaseModel):
    """A deposit's `datapackage.json`; what Frictionless allows beyond this is let pass and not used.

    `delivery` and `base` tell a full deposit from an increment, and on which full deposit an increment stands.
    """

    model_config = ConfigDict(frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: str = Field(pattern=r"^[0-9]{8}$")
    created: str = ""
    synthetic: bool = False
    delivery: Delivery | None = None
    base: str | None = Field(default=None, pattern=r"^[0-9]{8}$")
    resources: tuple[Resource, ...] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """SHA-256 over what the deposit says and holds, whenever and in whatever order it was written."""
        files = sorted(f"{each.path}|{each.bytes}|{each.hash}" for each in self.resources)
        stands_on = [f"base|{self.base}"] if self.base else []
        return sha256_of_texts(self.name, self.version, str(self.synthetic), *stands_on, *files)


@dataclass(frozen=True)
class Deposit:
    """A deposit whose manifest has been read; its files may not be there yet."""

    folder: Path
    manifest: Manifest

    def standing(self) -> tuple[Standing, str]:
        """Whether the files are what the manifest promises, still on their way, or other ones; and why."""
        resources = sorted(self.manifest.resources, key=lambda each: each.path)
        for resource in resources:
            path = self.folder / resource.path
            if not path.is_file() or path.is_symlink():
                return "incomplete", f"{resource.path} is not there, though {MANIFEST} names it"
            size = path.stat().st_size
            if size < resource.bytes:
                return "incomplete", f"{resource.path} has {size} of {resource.bytes} bytes: it is truncated"
            if size > resource.bytes:
                return "altered", f"{resource.path} has {size} bytes, {MANIFEST} says {resource.bytes}"
        with ThreadPoolExecutor(HASHING_THREADS) as pool:
            digests = list(pool.map(sha256_of_file, (self.folder / each.path for each in resources)))
        for resource, digest in zip(resources, digests, strict=True):
            if digest != resource.hash.removeprefix("sha256:"):
                return "altered", f"{resource.path} has another SHA-256 than {MANIFEST} says"
        promised = {resource.path for resource in self.manifest.resources}
        for path in sorted(self.folder.iterdir()):
            if path.suffix.lower() == ".csv" and path.name not in promised:
                return "altered", f"a CSV file lies in the deposit that {MANIFEST} does not name"
        return "whole", ""

    def assert_whole(self) -> None:
        """Refused, with the file and the mend, where a file is not the one that the manifest promises."""
        standing, why = self.standing()
        if standing != "whole":
            raise Refused(f"{why}; send the file again, or write {MANIFEST} anew if the file is right")


def last_change(folder: Path) -> float:
    """When (seconds since the epoch) a deposit's folder, or anything in it, was last written."""
    return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))


def read_deposit(folder: Path) -> Deposit:
    """Read a deposit's manifest; Refused where there is none or it is not usable."""
    path = folder / MANIFEST
    if not path.is_file():
        raise Refused(f"there is no {MANIFEST} in {folder.name}: a deposit is a folder or .zip of CSV files with one")
    if path.stat().st_size > MAXIMUM_MANIFEST_BYTES:
        raise Refused(f"{MANIFEST} is larger than {MAXIMUM_MANIFEST_BYTES} bytes")
    try:
        return Deposit(folder, Manifest.model_validate(json.loads(path.read_text(encoding="utf-8-sig"))))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    except (ValueError, RecursionError):
        problems = "it is no JSON in UTF-8"
    raise Refused(f"{MANIFEST} is not usable: {problems}")


def unpack(archive: Path, target: Path) -> Path:
    """Unpack a zipped deposit into `target`, and return the folder that holds the manifest.

    Refused for a broken zip, links, paths that leave the folder, and a zip that unpacks to far more than it holds.
    """
    shutil.rmtree(target, ignore_errors=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            members = [member for member in opened.infolist() if not member.is_dir()]
            _refuse_dangerous(members, archive.stat().st_size)
            for member in members:
                opened.extract(member, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        members = []
    if not members:
        shutil.rmtree(target, ignore_errors=True)
        raise Refused(f"{archive.name} is no usable zip: it is broken, empty, encrypted or still being written")
    manifests = sorted(target.glob(f"**/{MANIFEST}"), key=lambda path: len(path.parts))
    return manifests[0].parent if manifests else target


def _refuse_dangerous(members: list[zipfile.ZipInfo], packed_bytes: int) -> None:
    unpacked = sum(member.file_size for member in members)
    if len(members) > MAXIMUM_ZIP_MEMBERS or unpacked > min(
        MAXIMUM_UNPACKED_BYTES, MAXIMUM_ZIP_RATIO * max(packed_bytes, 100_000)
    ):
        raise Refused("the zip unpacks to far more than a deposit can hold")
    for member in members:
        parts = re.split(r"[/\\]", member.filename)
        if ".." in parts or parts[0] == "" or stat.S_ISLNK(member.external_attr >> 16):
            raise Refused("the zip holds a link or a path that leads out of its folder")
