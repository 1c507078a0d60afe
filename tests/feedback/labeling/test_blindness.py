"""Nothing that reaches a reader depends on what another answers, or on the model (I1)."""

import os
import re

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.feedback.labeling.histories import ANSWERS, Act, differences
from tests.feedback.labeling.leaks import LEAKS

pytestmark = [pytest.mark.django_db, pytest.mark.full]

# Always the same hundred, so that a change that breaks one is told at once; `make blindness-long`
# asks for others, and ever more of them.
IS_LONG = "COREAD_HISTORIES" in os.environ
HISTORIES = int(os.environ.get("COREAD_HISTORIES", "100"))
PARTS = 4  # so that they are lived through side by side
WHATS = ("lock", "lock", "lock", "open", "save", "take back", "ask", "skip", "time")
RULES = {"reread_share": 1.0, "washout_days": 0.001, "release": "manual"}

places = st.integers(0, len(ANSWERS) - 1)


def acts_of(observer: str) -> st.SearchStrategy[list[Act]]:
    """Anybody's acts; the observer answers the same in both worlds, the others otherwise."""
    own = st.builds(
        lambda what, answer: Act(observer, what, (answer, answer)), st.sampled_from(WHATS), places
    )
    others = st.builds(
        lambda who, what, one, other: Act(who, what, (one, other)),
        st.sampled_from(["B", "C", "arbitrator"]),
        st.sampled_from(WHATS),
        places,
        places,
    )
    return st.lists(st.one_of(own, others, others), min_size=4, max_size=14)


@pytest.mark.parametrize("part", range(PARTS))
def test_an_annotator_sees_the_same_in_both_worlds(log_in, part):
    @hypothesis_settings(
        max_examples=HISTORIES // PARTS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(acts=acts_of("A"))
    def lives(acts):
        assert differences(log_in, acts, observer="A", rules=RULES) == []

    (lives if IS_LONG else seed(part)(lives))()


# Every kind of observation: a read in hand beside one that is settled, one in arbitration.
TELLING = (
    Act("A", "lock", (0, 0)),
    Act("B", "lock", (0, 1)),
    Act("C", "lock", (0, 1)),
    Act("B", "lock", (1, 0)),
    Act("A", "open"),
    Act("C", "lock", (0, 1)),
    Act("B", "lock", (3, 0)),
    Act("C", "lock", (0, 3)),
    Act("A", "save", (1, 1)),
    Act("A", "time"),
    Act("A", "ask"),
    Act("A", "lock", (0, 0)),
    Act("A", "time"),
    Act("A", "open"),
    Act("A", "save", (1, 1)),
    Act("A", "ask"),
)


def test_the_telling_history_tells_nothing(log_in):
    assert differences(log_in, TELLING, observer="A", rules=RULES) == []


@pytest.mark.parametrize("channel", sorted(LEAKS))
def test_a_planted_leak_is_found(log_in, channel):
    with LEAKS[channel]():
        assert differences(log_in, TELLING, observer="A", rules=RULES) != []


# What an arbitrator may learn, and when: that a case waits for one at all (an offer is a permitted
# disclosure), and the readers' answers once the own blind read is locked.
ARBITRATED = (
    Act("A", "lock", (0, 0)),
    Act("B", "lock", (1, 1)),
    Act("C", "lock", (0, 0)),
    Act("A", "lock", (1, 1)),
    Act("B", "lock", (0, 0)),
    Act("C", "lock", (1, 1)),
    Act("A", "time"),
)


@pytest.mark.parametrize("swapped", [False, True])
def test_an_arbitrator_sees_nothing_of_the_answers_before_the_own_read_is_locked(log_in, swapped):
    """In the other world each reader has said the opposite: they differ just as well."""
    opposite = {0: 1, 1: 0}
    acts = [
        Act(act.who, act.what, (act.answers[0], opposite[act.answers[1]])) if swapped else act
        for act in ARBITRATED
    ]
    looks = [Act("arbitrator", "open"), Act("arbitrator", "save", (2, 2)), Act("A", "time")]
    assert differences(log_in, [*acts, *looks], observer="arbitrator", rules=RULES) == []


def test_what_an_arbitrator_learns_is_only_what_is_listed(log_in):
    opposite = {0: 1, 1: 0}
    acts = [
        Act(act.who, act.what, (act.answers[0], opposite[act.answers[1]])) for act in ARBITRATED
    ]
    acts.append(Act("arbitrator", "lock", (2, 2)))
    found = differences(log_in, acts, observer="arbitrator", rules=RULES)
    permitted = re.compile(r"^(GET|HEAD) arbitration ")
    assert [each for each in found if not permitted.match(each)] == []
    assert found != [], "the reads are shown after the own lock"
