"""Random walks through a round: every invariant kept, every place reached, every bug found."""

import logging

import pytest
from hypothesis import HealthCheck, Phase, seed
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test

from tests.feedback.labeling.machine import REACHED, machine_of
from tests.feedback.labeling.mutants import WORKFLOW

pytestmark = pytest.mark.django_db

PLACES = ("arbitration", "panel", "reread", "withdrawal")
TIMES = 100
MOST_PARTS = 8


def walk(log_in, *, examples: int, part: int = 0) -> None:
    """Walk the same ways on every machine."""
    chosen = hypothesis_settings(
        max_examples=examples,
        stateful_step_count=12,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(part)(machine_of(log_in)), settings=chosen)


@pytest.fixture(autouse=True)
def long_logins(settings):
    """A walk takes weeks; who logs in anew is not its subject."""
    settings.SESSION_COOKIE_AGE = 10 * 365 * 24 * 3600
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_every_walk_keeps_the_invariants(log_in):
    REACHED.clear()
    for part in range(MOST_PARTS):
        walk(log_in, examples=12, part=part)
        if all(REACHED[place] >= TIMES for place in PLACES):
            break
    assert {place: REACHED[place] for place in PLACES if REACHED[place] < TIMES} == {}, REACHED


@pytest.mark.full
@pytest.mark.parametrize("name", sorted(WORKFLOW))
def test_a_planted_bug_is_found(log_in, name):
    with WORKFLOW[name](), pytest.raises(Exception):  # noqa: B017  whatever notices it
        walk(log_in, examples=50)
