"""Makes the bulletin's folder out of a published one: pages, style, scripts, and copies of the published tables. Same
package, same bytes; the folder is there whole or not at all.
"""

import re
import shutil
from collections import Counter
from pathlib import Path

from fjo_pipeline.core.files import move_folder
from fjo_pipeline.core.pages import render
from fjo_pipeline.databank.bulletin.declared import declared_pages
from fjo_pipeline.databank.bulletin.package import LEVELS, Area, Package, file_in, read_package
from fjo_pipeline.databank.bulletin.shown import Bulletin

HERE = Path(__file__).parent
ZONE = "fjo_pipeline.databank.bulletin"
ASSETS = ("static/bulletin.css", "static/bulletin.js", "vendor/chartist.umd.js", "vendor/LICENSE-chartist")


def make_bulletin(package: Path, out: Path) -> None:
    """The bulletin of the published folder `package`, as the folder `out`, which it replaces.

    Refused where the package is not what it must be; nothing is written then.
    """
    release = read_package(package)
    bulletin = Bulletin(release, declared_pages())
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for folder in ("areas", "assets", "tables"):
        (draft / folder).mkdir(parents=True, mode=0o700)
    for asset in ASSETS:
        shutil.copyfile(HERE / asset, draft / "assets" / Path(asset).name)
    _copy_tables(package, release, draft / "tables")
    _write_pages(bulletin, draft)
    move_folder(draft, out)


def _copy_tables(package: Path, release: Package, folder: Path) -> None:
    for table in release.tables.values():
        (folder / f"{table.resource.stem}.csv").write_bytes(table.content)
        if table.resource.record:
            record = file_in(package, table.resource.record)
            (folder / f"{table.resource.stem}.record.json").write_bytes(record.read_bytes())


def _write_pages(bulletin: Bulletin, draft: Path) -> None:
    release, pages = bulletin.package, bulletin.pages
    addresses = page_addresses(release.areas)
    shared = {
        "synthetic": release.described.synthetic,
        "pages": pages,
        "described": release.described,
        "levels": [(level, [area for area in release.areas if area.level == level]) for level in LEVELS],
        "addresses": addresses,
    }
    nations = []
    for area in release.areas:
        nation = release.area("nation", area.nation)
        chapters = bulletin.chapters(area)
        headlines = bulletin.headlines(chapters)
        if area.level == "nation":
            nations.append((area, headlines))
        page = render(
            ZONE,
            "area.html.j2",
            **shared,
            up="../",
            area=area,
            nation=nation,
            place=bulletin.place(area),
            chapters=chapters,
            left_out=bulletin.left_out,
            headlines=headlines,
        )
        _write(draft / "areas" / addresses[area], page)
    _write(draft / "index.html", render(ZONE, "index.html.j2", **shared, up="", nations=nations))
    tables = [table.resource for table in release.tables.values()]
    _write(draft / "about.html", render(ZONE, "about.html.j2", **shared, up="", tables=tables))


def page_addresses(areas: list[Area]) -> dict[Area, str]:
    """The file of each area's page: level and code, in letters that every file system takes, each once."""
    addresses: dict[Area, str] = {}
    taken: Counter[str] = Counter()
    for area in areas:
        plain = re.sub(r"[^a-z0-9]+", "-", f"{area.level} {area.code}".lower()).strip("-")
        taken[plain] += 1
        addresses[area] = f"{plain}--{taken[plain]}.html" if taken[plain] > 1 else f"{plain}.html"
    return addresses


def _write(path: Path, page: str) -> None:
    path.write_text(page, encoding="utf-8", newline="\n")
