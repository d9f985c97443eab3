"""The imagined population: families that could be, of the size asked for."""

from functools import cache

import numpy as np

from fjo_pipeline.synthetic.couples import HORIZON, People, Unions
from fjo_pipeline.synthetic.life import build_homes, build_names
from fjo_pipeline.synthetic.names import ENGLAND, WALES, name_tables
from fjo_pipeline.synthetic.places import authority_names, build_places
from fjo_pipeline.synthetic.population import build_people
from fjo_pipeline.synthetic.streams import NEVER

SIZE = 30_000


@cache
def _world() -> tuple[People, Unions]:
    return build_people(11, SIZE)


def test_a_population_has_exactly_the_size_asked_for() -> None:
    assert len(_world()[0]) == SIZE


def test_mothers_are_women_and_fathers_men_of_an_age_to_be_parents() -> None:
    people, _ = _world()
    child = np.flatnonzero(people.mother >= 0)
    assert (people.sex[people.mother[child]] == 2).all()
    assert (people.sex[people.father[child]] == 1).all()
    age = (people.born[child] - people.born[people.mother[child]]) / 365.25
    assert age.min() >= 14.9
    assert age.max() < 46
    fathers_age = (people.born[child] - people.born[people.father[child]]) / 365.25
    assert np.mean((fathers_age > 14) & (fathers_age < 65)) > 0.99


def test_no_couple_are_siblings_but_for_a_rare_accident() -> None:
    people, unions = _world()
    kin = (people.mother[unions.woman] == people.mother[unions.man]) & (people.mother[unions.woman] >= 0)
    assert kin.mean() < 0.001


def test_twins_are_about_three_in_two_hundred_children() -> None:
    people, _ = _world()
    child = np.flatnonzero(people.mother >= 0)
    pair = people.mother[child] * 10**6 + people.born[child]
    _, count = np.unique(pair, return_counts=True)
    assert 0.008 < count[count > 1].sum() / len(child) < 0.03


def test_some_children_are_half_siblings() -> None:
    people, _ = _world()
    child = np.flatnonzero(people.mother >= 0)
    fathers = {}
    pairs = np.unique(people.mother[child] * 10**6 + people.father[child])
    _, fathers["count"] = np.unique(pairs // 10**6, return_counts=True)
    assert 0.1 < np.mean(fathers["count"] > 1) < 0.4


def test_siblings_seldom_share_a_forename_but_fathers_and_sons_do() -> None:
    people, _ = _world()
    child = np.flatnonzero(people.mother >= 0)
    key = people.mother[child] * 10**6 + people.forename[child]
    assert 1 - len(np.unique(key)) / len(key) < 0.01
    son = child[people.sex[child] == 1]
    assert 0.02 < np.mean(people.forename[son] == people.forename[people.father[son]]) < 0.10


def test_a_quarter_live_in_wales_and_nobody_is_born_after_the_horizon() -> None:
    people, _ = _world()
    assert abs(np.mean(people.nation == WALES) - 0.25) < 0.03
    assert people.born.max() <= HORIZON
    assert set(np.unique(people.nation)) == {ENGLAND, WALES}


def test_full_siblings_share_their_surname() -> None:
    people, _ = _world()
    child = np.flatnonzero(people.mother >= 0)
    couple = people.mother[child] * 10**6 + people.father[child]
    order = np.argsort(couple, kind="stable")
    same = couple[order][1:] == couple[order][:-1]
    alike = people.surname[child][order][1:] == people.surname[child][order][:-1]
    assert alike[same].mean() > 0.995


def test_marriage_changes_names_and_parting_some_back() -> None:
    people, unions = _world()
    names = build_names(11, people, unions)
    later = names.person[len(people) :]
    assert 0.05 < len(np.unique(later)) / len(people) < 0.3
    assert (people.sex[later] == 2).all()
    assert (names.second_surname[len(people) :] >= 0).any()


def test_children_live_with_their_mothers_and_people_move() -> None:
    people, unions = _world()
    places = build_places(SIZE)
    homes = build_homes(11, people, unions, places.dwellings)
    when = HORIZON - 400
    young = np.flatnonzero((people.born > HORIZON - 8 * 365) & (people.born < when) & (people.mother >= 0))
    young = young[people.died[young] == NEVER]
    of_child = homes.dwelling[homes.timeline.at(young, np.full(len(young), when))]
    of_mother = homes.dwelling[homes.timeline.at(people.mother[young], np.full(len(young), when))]
    assert np.mean(of_child == of_mother) > 0.97
    assert 2.0 < len(homes.person) / len(people) < 6.0


def test_places_belong_to_their_nation_and_postcodes_are_distinct() -> None:
    places = build_places(SIZE)
    england, wales = places.dwellings
    texts = places.postcode.to_pylist()
    assert len(set(texts)) == len(texts)
    first_welsh = authority_names().to_pylist().index("Blaenau Gwent")
    assert places.authority(np.arange(england)).max() < first_welsh
    assert places.authority(np.arange(england, england + wales)).min() >= first_welsh
    lsoa = places.lsoa.to_pylist()
    assert all(code.startswith(("E010", "W010")) and len(code) == 9 for code in lsoa)


def test_name_tables_are_wide_enough() -> None:
    tables = name_tables()
    assert len(tables.surnames) > 1_500
    assert len(tables.forenames) > 1_000
