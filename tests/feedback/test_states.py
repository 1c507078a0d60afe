"""The tables of transitions: complete, and with the ends that the design names."""

import pytest

from apps.feedback import states
from apps.feedback.review.models import Review

TABLES = {name: table for name, table in vars(states).items() if name.isupper() and name != "TABLE"}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_state_that_is_reached_has_a_row(name):
    table = TABLES[name]
    for state, following in table.items():
        assert following <= set(table), f"{state} leads out of {name}"
        assert state not in following, f"{state} leads to itself"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_sources_is_the_table_read_backwards(name):
    table = TABLES[name]
    edges = {(state, target) for state, following in table.items() for target in following}
    assert {(each, target) for target in table for each in states.sources(table, target)} == edges
    assert edges


def test_a_review_is_signed_once_and_withdrawn_once():
    assert set(states.REVIEW) == set(Review.State.values)
    assert states.sources(states.REVIEW, "signed") == ["draft"]
    assert states.sources(states.REVIEW, "withdrawn") == ["signed"]
    assert states.sources(states.REVIEW, "draft") == []  # taken back, it is a new draft


def test_sources_are_sorted_and_a_state_without_a_row_is_an_error():
    table = {"c": frozenset({"a"}), "b": frozenset({"a"}), "a": frozenset()}
    assert states.sources(table, "a") == ["b", "c"]
    with pytest.raises(KeyError):
        states.sources(table, "d")
