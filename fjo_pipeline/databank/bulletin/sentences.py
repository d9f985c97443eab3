"""What a chart shows, in words, worked out from the same figures: the latest one, how it stands against the time before
and against the nation; or the highest and the lowest of several categories.

Counts are rounded before they are published, so two that lie no more than the rounding apart are called about the same.
Of two counts it is also said when they lie no further apart than chance alone puts two counts of one underlying rate in
19 cases of 20 (their difference over the root of their sum is then under 1.96, as of two Poisson counts).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from fjo_pipeline.databank.bulletin.declared import Note, View
from fjo_pipeline.databank.bulletin.package import Area
from fjo_pipeline.databank.bulletin.views import COUNTS, UNKNOWN, Cell, Figures, Series, known_note

ABOUT_THE_SAME = {"percent": 1.0, "weeks": 1.0, "days": 5.0, "years": 0.5}
"""How far two figures of a unit may lie apart and still be called about the same."""
RATES_ABOUT_THE_SAME = 0.05
"""Rates: this share of the larger one, for a rate of 2 moves by other steps than one of 80."""
BY_CHANCE = 1.96
WHOLE_FROM = 10
"""From when on a sentence gives figures in whole numbers; the table has the decimals."""


@dataclass(frozen=True)
class Wording:
    """What the words depend on besides the figures: the place as one says it, the unit, the rounding of counts, and
    what the notes of absent figures mean."""

    place: str
    unit: str
    rounding: int
    notes: Mapping[str, Note]

    @property
    def counts(self) -> bool:
        """Whether the figures are counts."""
        return self.unit in COUNTS

    def say(self, value: float) -> str:
        """A figure with its unit, as it stands in a sentence."""
        said = number(value, self.unit) if abs(value) < WHOLE_FROM else f"{round(value):,}"
        if self.unit == "percent":
            return f"{said}%"
        return f"{said} {self.unit}" if self.unit in ("weeks", "days", "years") else said

    def same(self, value: float, other: float) -> bool:
        """Whether two figures are about the same."""
        if self.counts:
            return abs(value - other) <= (self.rounding if self.rounding > 1 else 0)
        apart = ABOUT_THE_SAME.get(self.unit, RATES_ABOUT_THE_SAME * max(value, other))
        return value == other or abs(value - other) < apart

    def may_be_chance(self, value: float, other: float) -> bool:
        """Whether two counts differ by no more than chance alone can bring about."""
        return self.counts and abs(value - other) < BY_CHANCE * sqrt(value + other)

    def why(self, notes: Sequence[str]) -> str:
        """Why figures are absent, each reason once; a row's note may give several."""
        reasons = [meaning_of(part, self.notes) for note in notes for part in note.split("; ")]
        return "; or ".join(dict.fromkeys(reasons))


def meaning_of(written: str, notes: Mapping[str, Note]) -> str:
    """What a note means, else the note itself."""
    note = known_note(written, notes)
    return note.means if note else written


def number(value: float, unit: str = "") -> str:
    """A number as people read it: thousands apart; one decimal only for what is small and no count."""
    if unit not in COUNTS and value != round(value) and abs(value) < 100:
        return f"{value:,.1f}"
    return f"{round(value):,}"


def sentences(view: View, figures: Figures, wording: Wording) -> list[str]:
    """What a view of an area says; never empty."""
    if not figures.along:
        return [f"No figures about this were published for {wording.place}."]
    if not figures.are_any:
        return [f"There is no figure to show for {wording.place}: {wording.why(figures.notes)}."]
    if view.kind == "curve" and view.by:
        said = _curves(view, figures, wording)
    elif view.broken_down:
        said = _broken_down(view, figures, wording)
    else:
        said = _over_time(view, figures, wording)
    if figures.notes:
        said.append(f"Some figures are not shown: {wording.why(figures.notes)}.")
    return said


def place(area: Area, spoken: Mapping[str, str], named: str) -> str:
    """An area as it stands in a sentence: `the South West`, `the Swansea family court area`."""
    return named.format(name=spoken.get(area.name, area.name) if named == "{name}" else area.name)


def _over_time(view: View, figures: Figures, wording: Wording) -> list[str]:
    own = figures.own[0]
    known = [
        (along, cell.value) for along, cell in zip(figures.along, own.cells, strict=True) if cell.value is not None
    ]
    latest, value = known[-1]
    when = years(latest) if view.kind == "curve" else latest
    said = [_fill(view, along=when, value=wording.say(value), area=wording.place)]
    if view.kind == "line":
        if len(known) > 1:
            said.append(_against(wording, value, *known[-2]))
        else:
            said.append("There is no other year to compare it with.")
        if len(known) > 2:
            said.append(f"In {known[0][0]} it was {wording.say(known[0][1])}.")
    elif early := next((each for each in known[:-1] if float(each[0]) >= 1), None):
        said.append(f"After {years(early[0])} it was {wording.say(early[1])}.")
    said += [_of_nation(each, figures.along.index(latest), value, wording) for each in figures.series if each.compared]
    return [each for each in said if each]


def years(number_of: str) -> str:
    """So many years."""
    return f"{number_of} year" if number_of == "1" else f"{number_of} years"


def _against(wording: Wording, value: float, when: str, before: float) -> str:
    if wording.same(value, before):
        return f"That was about the same as in {when} ({wording.say(before)})."
    direction = "more" if value > before else ("fewer" if wording.counts else "less")
    if wording.may_be_chance(value, before):
        return (
            f"That was {direction} than in {when} ({wording.say(before)}), "
            "but a difference this small can come about by chance."
        )
    return f"That was {direction} than in {when} ({wording.say(before)})."


def _of_nation(series: Series, at: int, value: float, wording: Wording) -> str:
    """The nation's figure, where it is shown."""
    cell = series.cells[at]
    if cell.value is None:
        return ""
    if wording.same(value, cell.value):
        return f"That was about the same as in {series.area.name} as a whole ({wording.say(cell.value)})."
    return f"In {series.area.name} as a whole it was {wording.say(cell.value)}."


def _broken_down(view: View, figures: Figures, wording: Wording) -> list[str]:
    """Of bars the categories are the lines; of lines they are the columns, at the latest period with figures."""
    if view.kind == "bars":
        at = figures.year or ""
        cells: list[tuple[str, Cell]] = list(zip(figures.along, figures.own[0].cells, strict=True))
    else:
        last = max(
            index
            for index in range(len(figures.along))
            if any(each.cells[index].value is not None for each in figures.own)
        )
        at = figures.along[last]
        cells = [(each.name, each.cells[last]) for each in figures.own]
    groups = [(name, cell.value) for name, cell in cells if name not in UNKNOWN]
    known = [(name, value) for name, value in groups if value is not None]
    shown_alone = "" if len(known) == len(groups) else "Of the groups that are shown: "
    if not known:
        return [f"Of {at or 'these groups'}, no figure of a known group is shown."]
    if len(known) == 1:
        name, value = known[0]
        return [f"Of {at or 'these groups'}, only one figure is shown: {name}, {wording.say(value)}."]
    highest, lowest = max(known, key=lambda each: each[1]), min(known, key=lambda each: each[1])
    if wording.same(highest[1], lowest[1]):
        of = f"In {at}, the" if at else "The"
        values = " to ".join(dict.fromkeys((wording.say(lowest[1]), wording.say(highest[1]))))
        return [_begun(shown_alone, f"{of} figures of all groups were about the same: {values}.")]
    said = _fill(
        view,
        along=at,
        area=wording.place,
        highest=highest[0],
        highest_value=wording.say(highest[1]),
        lowest=lowest[0],
        lowest_value=wording.say(lowest[1]),
    )
    return [_begun(shown_alone, said)]


def _begun(beginning: str, said: str) -> str:
    """A sentence after what qualifies it: of groups that are held back nobody can say that they are not the highest."""
    return f"{beginning}{said[:1].lower()}{said[1:]}" if beginning else said


def _curves(view: View, figures: Figures, wording: Wording) -> list[str]:
    """Where each group's curve ends. Groups have steps at different times, so they are not held against one another."""
    groups = []
    for each in figures.own:
        known = [
            (along, cell.value) for along, cell in zip(figures.along, each.cells, strict=True) if cell.value is not None
        ]
        if known and each.drawn:
            groups.append(f"{each.name}, {wording.say(known[-1][1])} within {years(known[-1][0])}")
    return [_fill(view, area=wording.place, groups="; ".join(groups) or "no group of them is shown")]


def _fill(view: View, **words: str) -> str:
    said = view.says.format(**words)
    return said[:1].upper() + said[1:]
