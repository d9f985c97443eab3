"""Kill a refresh at a boundary, let another end what it began, and compare with one that was never disturbed."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fjo_pipeline.core.settings import Settings
from fjo_pipeline.doctor import examine, mend_leftovers
from tests.faults.boundaries import Work, forked, watched
from tests.faults.contents import Contents, contents, differing, files, home_of
from tests.faults.plain_refresh import AT_DATABANK, AT_PROVIDER, AT_TTP, backfilled, refreshed
from tests.tiny_home import LATER, PROJECT, make_tiny_home


@dataclass(frozen=True)
class State:
    """What a home holds, its files, and what of dead steps `fjo doctor` named and, once it had mended, named still."""

    contents: Contents
    files: set[str]
    named: list[str]
    unmended: list[str]


@dataclass(frozen=True)
class Scenario:
    """Work on a home that can be killed anywhere: from where it begins, and what it ends in undisturbed."""

    name: str
    begin: Settings
    work: Work
    boundaries: list[str]
    end: State


def finished(settings: Settings, work: Work) -> State:
    """Do the work to its end, and look at what is there before and after `fjo doctor --mend`."""
    failed = work(settings)
    assert failed == [], failed
    named = examine(settings)
    mend_leftovers(settings)
    return State(contents(settings), files(settings), named, examine(settings))


def prepared(base: Path) -> Settings:
    """A tiny home with two deposits in landing, a project that asks for an extract, and nothing done yet."""
    home = make_tiny_home(base)
    wants = PROJECT.format(number="7001") + "refresh: each_release\n"
    (home.settings.projects / "7001.yaml").write_text(wants)
    home.land()
    home.land(refresh=LATER)
    return home.settings


def scenarios(folder: Path) -> list[Scenario]:
    """The chain in its three zones, one after the other; a backfill; and a refresh that writes every table anew."""
    begin = forked(prepared, folder / "prepared").gave
    found = []
    for name, work in (("provider", AT_PROVIDER), ("ttp", AT_TTP), ("databank", AT_DATABANK)):
        found.append(_scenario(f"the chain, in zone {name}", begin, work, folder / name))
        begin = home_of(folder / name / "home", begin)
    begin = _taken_on(begin, folder / "whole")
    found.append(_scenario("a backfill", begin, backfilled, folder / "backfill"))
    return [
        *found,
        _scenario("a rewrite of all tables", reworded(begin, folder / "reworded"), refreshed, folder / "rewrite"),
    ]


def _scenario(name: str, begin: Settings, work: Work, folder: Path) -> Scenario:
    """Two undisturbed ways of one scenario: one that counts its boundaries, and one whose end is the reference."""
    counted = forked(watched, _copy(begin, folder / "counted"), work)
    assert counted.code == 0, name
    ended = forked(finished, _copy(begin, folder / "home"), work)
    assert ended.code == 0, name
    assert ended.gave.named == [], (name, ended.gave.named)
    return Scenario(name, begin, work, counted.gave, ended.gave)


def _taken_on(begin: Settings, folder: Path) -> Settings:
    """The home once everything that follows from one round through the zones has been done too."""
    settings = _copy(begin, folder)
    assert forked(finished, settings, refreshed).code == 0
    return settings


def reworded(settings: Settings, contracts: Path) -> Settings:
    """The home with another wording of its contract, so that everything is due again and holds the same."""
    shutil.copytree(settings.contracts, contracts)
    wording = (contracts / "tiny.yaml").read_text()
    (contracts / "tiny.yaml").write_text(wording.replace("title: A contract", "title: The contract"))
    return settings.model_copy(update={"contracts": contracts})


def _copy(settings: Settings, home: Path) -> Settings:
    shutil.copytree(settings.home, home)
    return home_of(home, settings)


def killed_at(scenario: Scenario, boundary: int, folder: Path) -> list[str]:
    """What is wrong after the work was killed at its n-th boundary (from 1) and done again; empty where nothing is."""
    settings = _copy(scenario.begin, folder)
    try:
        killed = forked(watched, settings, scenario.work, boundary)
        if killed.code != -9:
            return [f"it was not killed but ended with {killed.code}"]
        after = forked(finished, settings, scenario.work)
        if after.code != 0:
            return [f"the next refresh ended with {after.code}"]
        return [
            *(f"{name} is not as undisturbed" for name in differing(after.gave.contents, scenario.end.contents)),
            *(f"{path} is not as undisturbed" for path in sorted(after.gave.files ^ scenario.end.files)),
            *after.gave.unmended,
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def spread(boundaries: Sequence[str], instants: int) -> list[int]:
    """Numbers of boundaries evenly over all of them, from the first to the last."""
    count = len(boundaries)
    return sorted({1 + round(at * (count - 1) / max(instants - 1, 1)) for at in range(min(instants, count))})


def torture(scenario: Scenario, instants: int, folder: Path) -> dict[str, list[str]]:
    """What went wrong, by the boundary at which the work was killed; empty lists where nothing did."""
    return {
        f"{scenario.name}, before {number} ({scenario.boundaries[number - 1]})": killed_at(
            scenario, number, folder / f"killed-{number}"
        )
        for number in spread(scenario.boundaries, instants)
    }
