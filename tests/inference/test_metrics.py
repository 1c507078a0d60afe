import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from apps.inference.compute.metrics import (
    accuracy,
    auroc,
    clopper_pearson,
    expected_calibration_error,
    macro_auroc,
    paired_auroc,
    sensitivity,
    specificity,
)
from tests.inference.asah import IS_POOR_OUTCOME, S100B, WFNS_GRADE

CASES = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=4, max_size=40).filter(
    lambda cases: 2 <= sum(truth for _, truth in cases) <= len(cases) - 2
)


def columns(cases: list[tuple[int, bool]]) -> tuple[np.ndarray, np.ndarray]:
    scores, truth = zip(*cases, strict=True)
    return np.array(scores, float), np.array(truth, bool)


def test_area_and_interval_of_the_published_example() -> None:
    """pROC's documentation: AUC 0.7314, 95 % CI 0.6301-0.8326 (DeLong)."""
    area = auroc(S100B, IS_POOR_OUTCOME)
    assert round(area.value, 4) == 0.7314
    assert (round(area.low, 4), round(area.high, 4)) == (0.6301, 0.8326)
    assert (area.positive_count, area.negative_count) == (41, 72)


def test_paired_test_of_the_published_example() -> None:
    """pROC's documentation of roc.test: Z = -2.209, p = 0.02718, areas 0.7313686 and 0.8236789."""
    test = paired_auroc(S100B, WFNS_GRADE, IS_POOR_OUTCOME)
    assert test.z == pytest.approx(-2.2090, abs=5e-5)
    assert test.p_value == pytest.approx(0.02718, abs=5e-6)
    assert test.difference == pytest.approx(0.7313686 - 0.8236789, abs=1e-7)
    assert test.low < test.difference < test.high < 0


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_area_equals_scikit_learn_with_ties(cases: list[tuple[int, bool]]) -> None:
    scores, truth = columns(cases)
    assert auroc(scores, truth).value == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_area_depends_on_ranks_alone_and_turns_round(cases: list[tuple[int, bool]]) -> None:
    scores, truth = columns(cases)
    area = auroc(scores, truth)
    stretched = auroc(np.exp(scores), truth)
    assert stretched == area
    turned = auroc(-scores, truth)
    assert turned.value == pytest.approx(1 - area.value)
    assert turned.low == pytest.approx(1 - area.high)


def test_paired_test_of_the_same_ranks_says_nothing() -> None:
    same = paired_auroc(S100B, S100B * 2, IS_POOR_OUTCOME)
    assert (same.difference, same.z, same.p_value) == (0.0, 0.0, 1.0)


def test_paired_test_without_variance_is_certain() -> None:
    truth = np.array([True, True, False, False])
    scores = np.array([3.0, 4.0, 1.0, 2.0])
    certain = paired_auroc(scores, -scores, truth)
    assert (certain.difference, certain.z, certain.p_value) == (1.0, math.inf, 0.0)


def test_single_positive_has_no_interval() -> None:
    area = auroc(np.array([2.0, 1.0, 3.0]), np.array([True, False, False]))
    assert area.value == 0.5
    assert math.isnan(area.low)
    assert math.isnan(area.high)
    with pytest.raises(ValueError, match="two cases"):
        paired_auroc(np.array([2.0, 1.0]), np.array([1.0, 2.0]), np.array([True, False]))


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [
        (190, 200, 0.910, 0.976),
        (485, 500, 0.951, 0.983),
        (0, 10, 0.0, 0.3085),  # 1 - 0.025**(1/10)
        (10, 10, 0.6915, 1.0),
    ],
)
def test_exact_interval_of_published_counts(
    count: int, total: int, low: float, high: float
) -> None:
    assert clopper_pearson(count, total) == pytest.approx((low, high), abs=5e-4)


@pytest.mark.parametrize(("count", "total"), [(-1, 10), (11, 10), (0, 0)])
def test_counts_that_are_no_proportion_are_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        clopper_pearson(count, total)


def test_sensitivity_and_specificity_at_a_threshold() -> None:
    # positives 0.5 and 0.2, negatives 0.5, 0.4 and 0.1; a score at the threshold is positive
    scores = np.array([0.5, 0.2, 0.5, 0.4, 0.1])
    truth = np.array([True, True, False, False, False])
    sens = sensitivity(scores, truth, threshold=0.5)
    spec = specificity(scores, truth, threshold=0.5)
    assert (sens.count, sens.total, sens.value) == (1, 2, 0.5)
    assert (spec.count, spec.total) == (2, 3)
    assert (spec.low, spec.high) == clopper_pearson(2, 3)


def test_accuracy_counts_equal_classes() -> None:
    result = accuracy(np.array([0, 1, 2, 2]), np.array([0, 1, 1, 2]))
    assert (result.value, result.count, result.total) == (0.75, 3, 4)


def test_macro_area_is_the_mean_over_the_classes() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random((60, 3))
    labels = np.arange(60) % 3
    expected = np.mean([roc_auc_score(labels == k, scores[:, k]) for k in range(3)])
    assert macro_auroc(scores, labels) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="positives"):
        macro_auroc(scores, np.zeros(60, int))


def test_calibration_error_of_a_case_worked_by_hand() -> None:
    # two bins: {0.2, 0.5} with frequency 1/2, {0.9, 0.9} with 1/2:
    # (2 * |0.35 - 0.5| + 2 * |0.9 - 0.5|) / 4 = 0.275
    probabilities = np.array([0.2, 0.5, 0.9, 0.9])
    truth = np.array([False, True, True, False])
    assert expected_calibration_error(probabilities, truth, bin_count=2) == pytest.approx(0.275)
    certain = np.array([0.0, 1.0])
    assert expected_calibration_error(certain, np.array([False, True])) == 0.0
    assert expected_calibration_error(certain, np.array([True, False])) == 1.0


@pytest.mark.parametrize(
    ("scores", "truth"),
    [
        (np.array([0.1, np.nan]), np.array([True, False])),
        (np.array([0.1, 0.2, 0.3]), np.array([True, False])),
        (np.array([0.1, 0.2]), np.array([1, 0])),
        (np.array([[0.1], [0.2]]), np.array([[True], [False]])),
        (np.array([0.1, 0.2]), np.array([True, True])),
    ],
    ids=["NaN", "lengths", "not boolean", "2-D", "one class"],
)
def test_input_without_an_area_is_refused(scores: np.ndarray, truth: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"Scores|finite|positives"):
        auroc(scores, truth)


@pytest.mark.parametrize("probabilities", [[0.5, 1.1], [-0.1, 0.5]])
def test_probability_out_of_range_is_refused(probabilities: list[float]) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        expected_calibration_error(np.array(probabilities), np.array([True, False]))
