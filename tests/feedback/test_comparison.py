"""Do the reads of a case agree? Each rule of a policy at its edge, and what no order may change."""

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.feedback.compute.comparison import (
    CaseComparison,
    ComparisonPolicy,
    FindingRule,
    MatchedRegions,
    RegionPlace,
    UnmatchedRegion,
    compare,
)
from apps.feedback.compute.reads import CaseRead, FindingAnswer
from tests.feedback.reads import NOTHING_FOUND, UNREADABLE, absent, present, read, region

GRADES = ("mild", "moderate", "severe")
NODULE = FindingRule(
    code="nodule",
    compares_rois=True,
    length_tolerance_mm=1.0,
    length_tolerance_ratio=0.2,
    minimum_size_mm=3.0,
)
EFFUSION = FindingRule(code="effusion", grades=GRADES, grade_tolerance=1)
POLICY = ComparisonPolicy((NODULE, EFFUSION))
POSITIVES_TOO = ComparisonPolicy((NODULE, EFFUSION), "discordant_or_positive")


def reasons(*reads, policy=POLICY):
    made = compare(reads, policy)
    return {finding.code: finding.reasons for finding in made.findings if finding.reasons}


def nodule(**facts):
    return read(nodule=present(**facts), effusion=absent())


def effusion(grade):
    return read(nodule=absent(), effusion=present(grade=grade))


CLEAR = read(nodule=absent(), effusion=absent())


def test_equal_labels_agree_and_others_do_not():
    assert reasons(CLEAR, CLEAR) == {}
    assert reasons(CLEAR, NOTHING_FOUND) == {}
    assert reasons(CLEAR, nodule()) == {"nodule": ("value",)}
    unsure = read(nodule=FindingAnswer("not_assessable"), effusion=absent())
    assert reasons(CLEAR, unsure) == {"nodule": ("value",)}
    assert reasons(unsure, unsure) == {}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("mild", "mild", {}),
        ("mild", "moderate", {}),
        ("mild", "severe", {"effusion": ("grade",)}),
        ("mild", "", {"effusion": ("grade",)}),
        ("", "", {}),
        ("mild", "of another schema", {"effusion": ("grade",)}),
    ],
)
def test_grades_within_one_step(first, second, expected):
    assert reasons(effusion(first), effusion(second)) == expected


@pytest.mark.parametrize(
    ("first_mm", "second_mm", "expected"),
    [
        (4.1, 5.1, ()),  # 1.0 mm apart, just allowed
        (4.1, 5.2, ("length",)),  # 1.1 mm; a fifth of 5.2 mm is 1.04 mm
        (8.0, 10.0, ()),  # a fifth of 10 mm
        (7.9, 10.0, ("length",)),
        (None, None, ()),
        (None, 5.0, ("length",)),  # one did not measure
        (2.9, 3.1, ("value",)),  # below 3 mm there is no nodule
        (2.9, 2.1, ()),
        (3.0, 3.1, ()),
        (None, 2.9, ("value",)),  # not measured counts as answered
    ],
)
def test_lengths_within_their_tolerance_and_above_the_minimum(first_mm, second_mm, expected):
    made = compare([nodule(length_mm=first_mm), nodule(length_mm=second_mm)], POLICY)
    assert made.findings[0].reasons == expected
    assert made.is_concordant == (not expected)


def test_rules_left_out_compare_nothing():
    policy = ComparisonPolicy((FindingRule(code="nodule"),))
    first = nodule(length_mm=2.0, regions=(region(0, 0, 4, 4),))
    assert reasons(first, nodule(length_mm=20.0), policy=policy) == {}


def test_regions_that_agree_are_told_with_their_names():
    first = nodule(regions=(region(0, 0, 4, 4, roi_id="a"), region(10, 0, 14, 4, roi_id="b")))
    second = nodule(regions=(region(10, 0, 14, 3, roi_id="c"), region(0, 0, 4, 4, roi_id="d")))
    found = compare([first, second], POLICY).findings[0]
    assert found.matches == (
        MatchedRegions(RegionPlace(0, 0, "a"), RegionPlace(1, 1, "d"), 1.0),
        MatchedRegions(RegionPlace(0, 1, "b"), RegionPlace(1, 0, "c"), 0.75),
    )
    assert (found.reasons, found.worst_iou, found.unmatched) == ((), 0.75, ())


def test_region_without_its_like_is_a_disagreement():
    first = nodule(regions=(region(0, 0, 4, 4, roi_id="a"), region(10, 0, 14, 4, roi_id="b")))
    second = nodule(regions=(region(0, 0, 4, 4, roi_id="c"),))
    made = compare([first, second], POLICY)
    found = made.findings[0]
    assert (found.reasons, found.worst_iou) == (("roi_unmatched",), 0.0)
    assert found.unmatched == (UnmatchedRegion(RegionPlace(0, 1, "b"), 1),)
    assert made.needs_arbitration


def test_regions_of_a_finding_that_one_denies_are_not_compared():
    found = compare([nodule(regions=(region(0, 0, 4, 4),)), CLEAR], POLICY).findings[0]
    assert (found.reasons, found.worst_iou, found.unmatched) == (("value",), None, ())


def test_case_that_nobody_can_read_is_concordant_and_unreadable():
    made = compare([UNREADABLE, UNREADABLE], POSITIVES_TOO)
    assert (made.is_concordant, made.is_unreadable, made.needs_arbitration) == (True, True, False)
    assert made.reasons == ()


def test_case_that_one_of_two_cannot_read_is_discordant():
    made = compare([UNREADABLE, nodule()], POLICY)
    assert (made.is_concordant, made.is_unreadable, made.needs_arbitration) == (False, False, True)
    assert made.reasons == ("unreadable",)
    assert [finding.reasons for finding in made.findings] == [(), ()]


def test_readable_reads_are_compared_beside_an_unreadable_one():
    assert reasons(nodule(), UNREADABLE, CLEAR) == {"nodule": ("value",)}


def test_finding_that_one_reader_left_open():
    open_read = read(effusion=absent())
    assert reasons(CLEAR, open_read) == {"nodule": ("unanswered",)}
    assert reasons(open_read, open_read) == {}


def test_one_read_agrees_with_itself_and_a_positive_may_call_the_arbitrator():
    assert compare([nodule()], POLICY).is_concordant
    assert not compare([nodule()], POLICY).needs_arbitration
    assert compare([nodule()], POSITIVES_TOO).needs_arbitration
    assert not compare([CLEAR], POSITIVES_TOO).needs_arbitration
    assert not compare([nodule(length_mm=2.0)], POSITIVES_TOO).needs_arbitration


def test_all_positives_go_to_the_arbitrator_where_the_policy_says_so():
    agreed = compare([nodule(), nodule()], POSITIVES_TOO)
    assert (agreed.is_concordant, agreed.needs_arbitration) == (True, True)


def test_three_readers_of_whom_two_pairs_disagree():
    far = nodule(regions=(region(50, 50, 54, 54),))
    near = nodule(regions=(region(0, 0, 4, 4),))
    close = nodule(regions=(region(0, 0, 4, 3),))
    found = compare([near, close, far], POLICY).findings[0]
    assert found.reasons == ("roi_unmatched",)
    assert [(match.first.read, match.second.read) for match in found.matches] == [(0, 1)]
    assert {(one.place.read, one.other_read) for one in found.unmatched} == {
        *((0, 2), (2, 0), (1, 2), (2, 1))
    }


def test_no_read_is_refused():
    with pytest.raises(ValueError, match="no read"):
        compare([], POLICY)


@pytest.mark.parametrize(
    "facts",
    [
        {"grade_tolerance": -1},
        {"grades": ("mild", "mild")},
        {"minimum_iou": -0.1},
        {"minimum_iou": 1.5},
        {"length_tolerance_mm": -1.0},
        {"length_tolerance_ratio": float("nan")},
        {"minimum_size_mm": 0.0},
    ],
)
def test_rule_outside_its_range(facts):
    with pytest.raises(ValueError, match="'nodule'"):
        FindingRule(code="nodule", **facts)


def test_policy_that_contradicts_itself():
    with pytest.raises(ValueError, match="two rules"):
        ComparisonPolicy((NODULE, NODULE))
    with pytest.raises(ValueError, match="unknown trigger 'always'"):
        ComparisonPolicy((NODULE,), "always")


def test_policy_survives_its_json():
    stored = json.loads(json.dumps(POSITIVES_TOO.to_json()))
    assert ComparisonPolicy.from_json(stored) == POSITIVES_TOO
    bare = ComparisonPolicy.from_json({"findings": [{"code": "nodule"}]})
    assert bare == ComparisonPolicy((FindingRule(code="nodule"),))


regions = st.builds(
    lambda left, width: region(left, 0, left + width, 2, roi_id=f"{left}-{width}"),
    *(st.integers(0, 6), st.integers(1, 6)),
)
answers = st.builds(
    FindingAnswer,
    value=st.sampled_from(["present", "present", "absent", "not_assessable"]),
    grade=st.sampled_from(["", *GRADES]),
    regions=st.lists(regions, max_size=2).map(tuple),
    length_mm=st.none() | st.floats(0.5, 12),
)
reads = st.builds(
    CaseRead,
    findings=st.fixed_dictionaries({}, optional={"nodule": answers, "effusion": answers}),
    is_unreadable=st.sampled_from([False, False, False, True]),
)


@given(st.lists(reads, min_size=1, max_size=3))
def test_order_of_the_readers_changes_nothing(given_reads):
    def verdict(ordered):
        made = compare(ordered, POLICY)
        found = [(one.reasons, len(one.unmatched)) for one in made.findings]
        return made.reasons, found, made.is_unreadable, made.needs_arbitration

    assert len({str(verdict(ordered)) for ordered in permutations(given_reads)}) == 1


@given(reads, st.integers(1, 3))
def test_equal_reads_agree(one, times):
    made = compare([one] * times, POLICY)
    assert made.is_concordant
    assert not made.needs_arbitration


@given(st.lists(reads, min_size=1, max_size=3))
def test_comparison_survives_its_json(given_reads):
    made = compare(given_reads, POLICY)
    stored = json.loads(json.dumps(made.to_json()))
    assert stored == made.to_json()
    assert CaseComparison.from_json(stored) == made
    assert stored["is_concordant"] == made.is_concordant
