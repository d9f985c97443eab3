"""Pages of counts: HTML that is whole in itself, asks no network for anything, and shows no clock, so that same counts
give the same page. What is shown is for the templates to say; zones bring templates of their own.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fjo_pipeline.core.files import write_atomically
from fjo_pipeline.core.linkage_counts import Count

if TYPE_CHECKING:
    from jinja2 import Environment

NOTHING = "\u2013"
"""What stands where there is no number to show."""
MADE_UP = "MADE-UP DATA: synthetic people, no real ones"


def render(zone: str, template: str, **content: Any) -> str:
    """A page from a template of a zone's package (`<package>/templates`), which may build on core's (`core/…`)."""
    return _environment(zone).get_template(f"zone/{template}").render(made_up=MADE_UP, **content)


@cache
def _environment(zone: str) -> "Environment":
    """Templates of a zone and of core; kept, since compiling them takes longer than making a page."""
    # Imported here: `fjo refresh` asks whether a page is due far more often than it makes one.
    from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

    loader = PrefixLoader(
        {"core": PackageLoader("fjo_pipeline.core"), "zone": PackageLoader(zone)},
    )
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "count": count,
        "rate": rate,
        "decimal": decimal,
        "json": json_in_script,
        "rate_bars": rate_bars,
        "share_bars": share_bars,
    }
    return environment


def write_page(path: Path, page: str) -> str:
    """Write a page for its zone alone; returns its SHA-256. A page that stands already is left as it is."""
    content = page.encode()
    if not path.is_file() or path.read_bytes() != content:
        write_atomically(path, content)
    return sha256(content).hexdigest()


def count(value: int | None) -> str:
    """A number of people; suppressed where there is none to show."""
    return "suppressed" if value is None else f"{value:,}"


def rate(value: float | None) -> str:
    """A share in percent, never rounded up to all."""
    if value is None:
        return NOTHING
    return f"{min(value, 0.9999) if value < 1 else value:.2%}"


def decimal(value: float | None, places: int = 2) -> str:
    """A number with so many places."""
    return NOTHING if value is None else f"{value:,.{places}f}"


def json_in_script(value: Any) -> str:
    """A value as JSON that cannot end the script in which it stands."""
    from markupsafe import Markup

    text = json.dumps(value, sort_keys=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - made safe above


@dataclass(frozen=True)
class Bar:
    """A bar of a chart: its label, its share, none where suppressed, and its width out of 100."""

    label: str
    share: float | None

    @property
    def width(self) -> float:
        """The share in percent."""
        return round(self.share * 100, 2) if self.share else 0.0


def rate_bars(rows: Iterable[Count]) -> list[Bar]:
    """Match rates as bars."""
    return [Bar(row.item, row.rate) for row in rows]


def share_bars(rows: Iterable[Count], people: int | None) -> list[Bar]:
    """Each row's people among all people as bars."""
    return [Bar(row.item, row.people / people if people and row.people is not None else None) for row in rows]
