"""A difference judged by its band on what it really is, and then, small cells hidden, as it may be kept and shown."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from fjo_pipeline.core.contracts import Contract, DifferenceBands
from fjo_pipeline.core.small_cells import SMALLEST_COUNT, hidden
from fjo_pipeline.databank.differences.comparing import Difference
from fjo_pipeline.databank.differences.counting import LOOKUP

AS_SHARES = ("missing", "code_share", "match_rate", "match_status")
"""Measures whose change is that of a share; of the others it is a share itself, of what there was before."""
NOT_ABOUT_PEOPLE = ("columns", "column", "lookup_rows", "lookup_names", "lookup_row")
DETAILS = ("column", "lookup_row")
"""Rows that only name what another row counts and judges."""
LINKED_STATUSES_LEAVE_OUT = ("99", "none")


@dataclass(frozen=True)
class Judged:
    """A difference as it is kept: None where suppressed, `within_band` None where nothing is judged."""

    measure: str
    table_name: str
    item: str
    category: str
    said: str | None
    before: int | None
    after: int | None
    before_share: float | None
    after_share: float | None
    change: float | None
    band: float | None
    within_band: bool | None
    special_access: bool


def judge(contract: Contract, found: Sequence[Difference]) -> list[Judged]:
    """Each difference with its band, in the same order; keys that stayed the same are only counted for what they hide.

    The band judges what is there, also where it may not be shown; what is small before and after is not judged.
    """
    unshown = _hidden(found)
    return [
        _judged(each, contract.difference_bands, position in unshown)
        for position, each in enumerate(found)
        if not (each.measure == "keys" and each.item == "same")
    ]


def _judged(each: Difference, bands: DifferenceBands, is_hidden: bool) -> Judged:
    band, change = _band(each, bands), _change(each)
    if _is_about_people(each) and max(each.before or 0, each.after or 0) < SMALLEST_COUNT:
        change = None
    within = None if band is None or change is None else change <= band
    shares = each.measure in AS_SHARES and not is_hidden
    return Judged(
        each.measure,
        each.table_name,
        each.item,
        each.category,
        each.said,
        None if is_hidden else each.before,
        None if is_hidden else each.after,
        _share(each.before, each.before_of) if shares else None,
        _share(each.after, each.after_of) if shares else None,
        None if is_hidden else change,
        band,
        within,
        each.special_access,
    )


def _is_about_people(each: Difference) -> bool:
    return each.measure not in NOT_ABOUT_PEOPLE and not (each.measure == "rows" and each.item == LOOKUP)


def _band(each: Difference, bands: DifferenceBands) -> float | None:
    if each.measure in DETAILS:
        return None
    name = f"{each.item}_keys" if each.measure == "keys" else each.measure
    band: float = getattr(bands, name)
    return band


def _change(each: Difference) -> float | None:
    """How far apart: of shares their distance, of the others what changed as a share of what there was."""
    if each.measure in DETAILS:
        return None
    before, after = each.before or 0, each.after or 0
    if each.measure in AS_SHARES:
        # Where a table was empty there is no share to compare with.
        earlier, later = _share(before, each.before_of), _share(after, each.after_of)
        return None if earlier is None or later is None else abs(later - earlier)
    if each.measure == "rows":
        return _part(abs(after - before), before)
    if each.measure == "link_changes":
        return _part(after, each.after_of or 0)
    return _part(each.before or 0 if each.item == "gone" else after, each.before_of or 0)


def _part(count: int, of: int) -> float:
    """A count as a share; of nothing, everything is all."""
    return count / of if of else float(count > 0)


def _share(count: int | None, of: int | None) -> float | None:
    return None if not of else (count or 0) / of


def _hidden(found: Sequence[Difference]) -> set[int]:
    """The positions that may not be shown, so that no known sum gives away a small count."""
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, each in enumerate(found):
        if _is_about_people(each):
            groups[_group(each)].append(position)
    result: set[int] = set()
    for positions in groups.values():
        rows = [_parts(found[position]) for position in positions]
        margins = _margins([found[position] for position in positions])
        result |= {positions[index] for index in hidden(rows, margins)}
    return result


def _group(each: Difference) -> tuple[str, ...]:
    """What adds up to something known: a field's codes and missing values, a table's keys, everybody's statuses."""
    if each.measure in ("missing", "code_share"):
        return ("field", each.table_name, each.item)
    if each.measure in ("match_rate", "match_status"):
        return ("match", each.table_name)
    return (each.measure, each.table_name)


def _parts(each: Difference) -> tuple[int, ...]:
    """The counts that are shown or follow from what is shown: both sides, and what each leaves of its whole."""
    before, after = each.before or 0, each.after or 0
    if each.measure == "keys":
        return (max(before, after),)
    # What a code leaves is among the group's other rows.
    wholes = (None, None) if each.measure == "code_share" else (each.before_of, each.after_of)
    rest = [0 if whole is None else whole - count for count, whole in zip((before, after), wholes, strict=True)]
    return (before, after, *rest)


def _margins(rows: Sequence[Difference]) -> list[list[int]]:
    """Which rows of a group add up to a number that is known."""
    everything = list(range(len(rows)))
    measure = rows[0].measure
    if measure == "keys":
        return [[index for index in everything if rows[index].item != other] for other in ("new", "gone")]
    if measure in ("match_rate", "match_status"):
        statuses = [index for index in everything if rows[index].measure == "match_status"]
        linked = [index for index in statuses if rows[index].category not in LINKED_STATUSES_LEAVE_OUT]
        return [each for each in (statuses, linked) if each]
    return [everything] if measure in ("missing", "code_share") else []
