"""How soon a case should be read: numbers worked by hand, and what holds for any answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.inference.compute.priority import reading_priority

CODES = ("effusion", "nodule", "pneumothorax")
SHARE = st.floats(0, 1)


def test_the_largest_margin_above_its_threshold_leads() -> None:
    priority = reading_priority(
        {"effusion": 0.6, "nodule": 0.4, "pneumothorax": 0.2},
        thresholds={"effusion": 0.5, "nodule": 0.2, "pneumothorax": 0.9},
        urgent={"pneumothorax"},
    )
    # margins: effusion (0.6 - 0.5) / 0.5 = 0.2; nodule (0.4 - 0.2) / 0.8 = 0.25
    assert priority.top_finding == "nodule"
    assert priority.urgency == 0.0  # the urgent finding is below its threshold
    assert priority.top_probability == 0.6
    # doubts: 1 - 0.1 / 0.5 = 0.8; 1 - 0.2 / 0.8 = 0.75; 1 - 0.7 / 0.9 = 0.22
    assert priority.uncertainty == pytest.approx(0.8)


def test_a_clear_no_is_no_doubt_however_low_the_threshold() -> None:
    priority = reading_priority({"effusion": 0.001}, thresholds={"effusion": 0.1}, urgent=())
    # doubt: 1 - 0.099 / 0.1 = 0.01
    assert priority.uncertainty == pytest.approx(0.01)


def test_an_urgent_finding_counts_from_its_threshold_on() -> None:
    priority = reading_priority(
        {"effusion": 0.9, "pneumothorax": 0.3},
        thresholds={"effusion": 0.5, "pneumothorax": 0.3},
        urgent={"pneumothorax"},
    )
    assert priority.urgency == 0.3
    assert priority.uncertainty == 1.0
    assert priority.top_finding == "effusion"


def test_a_threshold_of_one_is_reached_by_certainty_alone() -> None:
    certain = reading_priority({"nodule": 1.0}, thresholds={"nodule": 1.0}, urgent=())
    nearly = reading_priority({"nodule": 0.99}, thresholds={"nodule": 1.0}, urgent=())
    assert (certain.top_finding, nearly.top_finding) == ("nodule", "")


def test_without_findings_nothing_is_urgent_or_uncertain() -> None:
    priority = reading_priority({}, thresholds={}, urgent=CODES)
    assert (priority.urgency, priority.uncertainty, priority.top_finding) == (0.0, 0.0, "")


@given(
    probabilities=st.fixed_dictionaries({code: SHARE for code in CODES}),
    thresholds=st.fixed_dictionaries({code: SHARE for code in CODES}),
    urgent=st.sets(st.sampled_from(CODES)),
)
def test_any_answer_gives_shares_and_a_finding_only_above_its_threshold(
    probabilities: dict[str, float], thresholds: dict[str, float], urgent: set[str]
) -> None:
    priority = reading_priority(probabilities, thresholds=thresholds, urgent=urgent)
    assert 0.0 <= priority.urgency <= priority.top_probability <= 1.0
    assert 0.0 <= priority.uncertainty <= 1.0
    above = {code for code in CODES if probabilities[code] >= thresholds[code]}
    assert (priority.top_finding in above) if above else (priority.top_finding == "")
    if priority.urgency > 0:
        assert above & urgent
