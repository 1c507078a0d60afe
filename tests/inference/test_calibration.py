import numpy as np
import pytest
from scipy.special import expit, softmax

from apps.inference.compute.calibration import (
    CalibrationError,
    fit_case_temperature,
    fit_temperature,
)
from apps.inference.compute.metrics import expected_calibration_error
from apps.inference.compute.spec import ModelSpec
from tests.inference.model_specs import sigmoid_spec, spec_json

TEMPERATURE = 2.5


def sigmoid_sample(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits that are `TEMPERATURE` times too sure of themselves."""
    rng = np.random.default_rng(0)
    true_logits = rng.normal(size=(count, 2)) * 2
    return true_logits * TEMPERATURE, rng.random((count, 2)) < expit(true_logits)


def softmax_sample(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    true_logits = rng.normal(size=(count, 3)) * 2
    cumulative = softmax(true_logits, axis=1).cumsum(axis=1)
    labels = (rng.random((count, 1)) > cumulative).sum(axis=1)
    return true_logits * TEMPERATURE, labels.clip(0, 2)


def test_two_rows_worked_by_hand() -> None:
    """Logits 3 and 3, one right and one wrong of three: best p = 2/3, so 3/T = ln 2."""
    logits = np.full((3, 1), 3.0)
    labels = np.array([[True], [True], [False]])
    assert fit_temperature(logits, labels, "sigmoid") == pytest.approx(3 / np.log(2), rel=1e-3)
    pair = np.array([[0.0, 3.0]] * 3)
    assert fit_temperature(pair, np.array([1, 1, 0]), "softmax") == pytest.approx(
        3 / np.log(2), rel=1e-3
    )


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_known_temperature_is_found_again(activation: str) -> None:
    sample = softmax_sample if activation == "softmax" else sigmoid_sample
    logits, labels = sample(4000)
    found = fit_temperature(logits, labels, activation)  # type: ignore[arg-type]
    assert found == pytest.approx(TEMPERATURE, rel=0.1)


def test_temperature_calibrates() -> None:
    logits, labels = sigmoid_sample(4000)
    temperature = fit_temperature(logits, labels, "sigmoid")
    before = expected_calibration_error(expit(logits).ravel(), labels.ravel())
    after = expected_calibration_error(expit(logits / temperature).ravel(), labels.ravel())
    assert before > 0.08
    assert after < 0.03


def test_cases_of_one_image_are_fitted_like_images() -> None:
    spec = sigmoid_spec("resnet18", count=2)
    logits, labels = sigmoid_sample(600)
    found = fit_case_temperature(
        spec,
        logits,
        cases=np.arange(600),
        findings={"finding_0": labels[:, 0], "finding_1": labels[:, 1]},
    )
    assert found == pytest.approx(fit_temperature(logits, labels, "sigmoid"), rel=1e-2)


def test_case_of_many_images_is_fitted_as_the_case() -> None:
    """The largest of two images decides: of logits (3, -9) only the 3 counts, as by hand above."""
    spec = sigmoid_spec("resnet18", count=1)
    logits = np.array([[3.0], [-9.0]] * 3)
    found = fit_case_temperature(
        spec,
        logits,
        cases=np.repeat(np.arange(3), 2),
        findings={"finding_0": np.array([True, True, False])},
    )
    assert found == pytest.approx(3 / np.log(2), rel=1e-3)


def test_output_without_finding_needs_no_truth() -> None:
    spec = ModelSpec.from_json(spec_json())
    logits = np.array([[0.0, 3.0]] * 3)
    found = fit_case_temperature(
        spec, logits, cases=np.arange(3), findings={"nodule": np.array([True, True, False])}
    )
    assert found == pytest.approx(3 / np.log(2), rel=1e-3)


@pytest.mark.parametrize(
    "labels", [[[True], [False]], [[False], [True]]], ids=["all right", "all wrong"]
)
def test_set_that_determines_nothing_is_refused(labels: list[list[bool]]) -> None:
    with pytest.raises(CalibrationError) as refused:
        fit_temperature(np.array([[4.0], [-4.0]]), np.array(labels), "sigmoid")
    assert refused.value.code == "calibration_undetermined"


@pytest.mark.parametrize(
    ("logits", "labels", "activation"),
    [
        ([[1.0, np.nan]], [0], "softmax"),
        ([[1.0, 2.0]], [2], "softmax"),
        ([[1.0, 2.0]], [[0, 1]], "softmax"),
        ([[1.0, 2.0]], [[0, 1]], "sigmoid"),
        (np.zeros((0, 2)), [], "softmax"),
    ],
)
def test_wrong_labels_are_refused(logits: object, labels: object, activation: str) -> None:
    with pytest.raises(ValueError, match=r"labels|Logits"):
        fit_temperature(np.array(logits), np.array(labels), activation)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cases", "findings"),
    [
        ([0, 2], {"finding_0": [True, False]}),
        ([0], {"finding_0": [True]}),
        ([0, 1], {"finding_9": [True, False]}),
        ([0, 1], {}),
        ([0, 1], {"finding_0": [True]}),
    ],
)
def test_wrong_cases_are_refused(cases: list[int], findings: dict[str, list[bool]]) -> None:
    with pytest.raises(ValueError, match=r"case|findings|truth"):
        fit_case_temperature(
            sigmoid_spec("resnet18", count=1),
            np.zeros((2, 1)),
            cases=np.array(cases),
            findings={name: np.array(truth) for name, truth in findings.items()},
        )
