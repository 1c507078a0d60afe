"""Evaluation: numbers worked by hand, and a reason where the labels allow none."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import beta

from apps.inference.compute.evaluation import areas, compared_findings, evaluated_findings

NAN = float("nan")


def labels(*values: float) -> Any:
    return np.array(values, np.float32)


def scores(*values: float) -> Any:
    return np.array(values, np.float64)


def test_one_finding_by_hand() -> None:
    # Positives 0.9, 0.4, 0.6; negatives 0.5, 0.1. Pairs won: 0.9 both, 0.4 one, 0.6 both: 5 of 6.
    # At 0.5: two of three positives reach it, and one of two negatives (0.5 itself counts).
    truth = {"nodule": labels(1, 0, 1, NAN, 0, 1)}
    said = {"nodule": scores(0.9, 0.5, 0.4, 0.99, 0.1, 0.6)}
    found = evaluated_findings(truth, said, thresholds={"nodule": 0.5})["nodule"]
    assert (found["state"], found["reason"]) == ("ok", "")
    assert (found["n"], found["positive"], found["negative"]) == (5, 3, 2)
    assert found["auroc"] == pytest.approx(5 / 6)
    assert found["sensitivity"] == pytest.approx(2 / 3)
    assert found["specificity"] == pytest.approx(1 / 2)
    # Clopper-Pearson of 2 of 3: quantiles of Beta(2, 2) and Beta(3, 1)
    assert found["sensitivity_low"] == pytest.approx(beta.ppf(0.025, 2, 2))
    assert found["sensitivity_high"] == pytest.approx(beta.ppf(0.975, 3, 1))
    # DeLong: placements of positives 1, 1/2, 1 (variance 1/12, /3), of negatives 2/3, 1
    # (variance 1/18, /2): the error is sqrt(1/36 + 1/36)
    error = (1 / 36 + 1 / 36) ** 0.5
    assert found["auroc_low"] == pytest.approx(5 / 6 - 1.959963985 * error, rel=1e-6)
    assert found["auroc_high"] == 1.0


@pytest.mark.parametrize(
    ("truth", "said", "reason", "counts"),
    [
        (labels(NAN, NAN), scores(0.1, 0.2), "no_labels_before_ai", (0, 0, 0)),
        (labels(), scores(), "no_labels_before_ai", (0, 0, 0)),
        (labels(1, 1, NAN), scores(0.1, 0.2, 0.3), "class_missing", (2, 2, 0)),
        (labels(0, NAN), scores(0.1, 0.2), "class_missing", (1, 0, 1)),
        (labels(1, 0), None, "model_has_no_output", (2, 1, 1)),
    ],
)
def test_without_support_there_is_a_reason_and_no_number(
    truth: Any, said: Any, reason: str, counts: tuple[int, int, int]
) -> None:
    speaks = {} if said is None else {"nodule": said}
    thresholds = {} if said is None else {"nodule": 0.5}
    found = evaluated_findings({"nodule": truth}, speaks, thresholds=thresholds)["nodule"]
    assert (found["state"], found["reason"]) == ("not_evaluable", reason)
    assert (found["n"], found["positive"], found["negative"]) == counts
    numbers = {name: value for name, value in found.items() if name.startswith(("a", "s"))}
    assert set(numbers.values()) == {"not_evaluable", None}
    compared = compared_findings({"nodule": truth}, speaks, speaks)["nodule"]
    assert (compared["state"], compared["reason"]) == ("not_evaluable", reason)
    assert compared["delta_auroc"] is compared["p_value"] is None


def test_a_single_case_of_a_class_has_an_area_without_interval_and_no_comparison() -> None:
    truth = {"nodule": labels(1, 0, 0)}
    said = {"nodule": scores(0.9, 0.1, 0.2)}
    found = evaluated_findings(truth, said, thresholds={"nodule": 0.5})["nodule"]
    assert (found["auroc"], found["auroc_low"], found["auroc_high"]) == (1.0, None, None)
    assert compared_findings(truth, said, said)["nodule"]["reason"] == "too_few_cases"


def test_two_models_on_the_same_cases_by_hand() -> None:
    # Candidate ranks all right: area 1. Champion: positives 0.8, 0.3, negatives 0.2, 0.6: of the
    # four pairs 0.3 < 0.6 alone is lost: area 3/4, difference 1/4.
    # Placements of the champion: positives 1, 1/2; negatives 1, 1/2; of the candidate all 1. Their
    # differences 0, 1/2 have variance 1/8, /2, twice: the error is sqrt(1/8).
    truth = {"nodule": labels(1, 1, 0, 0, NAN)}
    candidate = {"nodule": scores(0.9, 0.8, 0.1, 0.2, 0.5)}
    champion = {"nodule": scores(0.8, 0.3, 0.2, 0.6, 0.5)}
    found = compared_findings(truth, candidate, champion)["nodule"]
    assert (found["state"], found["n"], found["positive"], found["negative"]) == ("ok", 4, 2, 2)
    assert found["delta_auroc"] == pytest.approx(0.25)
    margin = 1.959963985 * 0.125**0.5
    assert (found["low"], found["high"]) == (
        pytest.approx(0.25 - margin, rel=1e-6),
        pytest.approx(0.25 + margin, rel=1e-6),
    )
    # z = 0.25 / sqrt(0.125) = 0.7071: two-sided p = 0.4795
    assert found["p_value"] == pytest.approx(0.4795, abs=1e-4)
    same = compared_findings(truth, champion, champion)["nodule"]
    assert (same["delta_auroc"], same["low"], same["high"], same["p_value"]) == (0, 0, 0, 1.0)


def test_areas_of_a_curve_are_none_where_a_class_is_missing() -> None:
    truth = {"a": labels(1, 0), "b": labels(1, NAN), "c": labels(1, 0)}
    said = {"a": scores(0.2, 0.1), "b": scores(0.2, 0.1)}
    assert areas(truth, said) == {"a": 1.0, "b": None}
