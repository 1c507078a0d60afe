"""The head learns as a logistic regression does: scikit-learn is the oracle."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from apps.inference.compute.checkpoint import read_checkpoint, write_checkpoint
from apps.inference.compute.features import pooled_features
from apps.inference.compute.folder import read_spec_json
from apps.inference.compute.head_training import Head, HeadTraining, head_loss
from apps.inference.compute.losses import allowed_classes, exclusive_loss
from apps.inference.compute.metrics import auroc
from apps.inference.compute.predict import load_model, predict_batch
from apps.inference.compute.preprocess import to_network_input
from apps.inference.compute.run_config import Anchor, RunConfig
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.trainable import TrainableLabels, UntrainableError, trainable_labels
from apps.inference.compute.validation import _display_image
from apps.inference.management.commands.import_model import SPECS
from tests.inference.model_specs import sigmoid_spec, spec_json

NAN = float("nan")
SOFTMAX = ModelSpec.from_json(spec_json())
SIGMOID = sigmoid_spec("resnet18", count=3)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def synthetic(count: int, *, width: int = 8, seed: int = 0) -> tuple[NDArray, NDArray]:
    """Positive features, as after a ReLU, and a finding that they tell with some noise."""
    rng = np.random.default_rng(seed)
    features = np.abs(rng.normal(0.5, 1.0, (count, width))).astype(np.float32)
    logits = features @ rng.normal(0, 1.5, width) + rng.normal(0, 1, count)
    return features, logits > np.median(logits)


def start_head(outputs: int, width: int = 8, seed: int = 9) -> Head:
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 0.3, (outputs, width)).astype(np.float32)
    return Head(weight, rng.normal(0, 0.3, outputs).astype(np.float32))


def converging(ridge: float, anchor: Anchor = "zero") -> RunConfig:
    return RunConfig(epochs=300, learning_rate=0.1, ridge=ridge, anchor=anchor)


def one_of_two(truth: NDArray) -> TrainableLabels:
    """Labels of NORMAL (no finding) and NODULE."""
    labels = np.full((len(truth), 2), np.nan, np.float32)
    labels[:, 1] = truth
    return trainable_labels(labels, SOFTMAX)


def fitted(training: HeadTraining, epochs: int = 300) -> Head:
    while training.epoch < epochs:
        training.run_epoch()
    return training.head()


def test_softmax_of_two_is_scikit_learns_logistic_regression() -> None:
    features, truth = synthetic(60)
    config = converging(0.02)
    training = HeadTraining(
        features, one_of_two(truth), spec=SOFTMAX, start=start_head(2), config=config, seed=1
    )
    head = fitted(training)
    # At the answer the rows are -w/2 and w/2, so their penalty is ridge/4 |w|^2. scikit-learn's is
    # |w|^2 / (2 C n) beside the mean loss: C = 2 / (ridge n).
    oracle = LogisticRegression(C=2 / (0.02 * 60), tol=1e-10, max_iter=10_000).fit(
        features.astype(float), truth
    )
    np.testing.assert_allclose(head.weight[1] - head.weight[0], oracle.coef_[0], atol=1e-4)
    assert head.bias[1] - head.bias[0] == pytest.approx(oracle.intercept_[0], abs=1e-3)
    assert training.gradient() < 1e-4


def test_independent_findings_with_gaps_are_each_a_logistic_regression() -> None:
    features, first = synthetic(80)
    second = synthetic(80, seed=3)[1]
    labels = np.full((80, 3), np.nan, np.float32)
    labels[:, 0], labels[:50, 1] = first, second[:50]
    labels[60:, 2] = 1.0  # nobody said no: this one cannot learn
    trainable = trainable_labels(labels, SIGMOID)
    assert (trainable.rows, trainable.left_out) == ((0, 1), ("finding_2",))
    start = start_head(3)
    config = converging(0.05)
    head = fitted(
        HeadTraining(features, trainable, spec=SIGMOID, start=start, config=config, seed=1)
    )
    for row, count, truth in ((0, 80, first), (1, 50, second[:50])):
        oracle = LogisticRegression(C=1 / (0.05 * count), tol=1e-10, max_iter=10_000)
        oracle.fit(features[:count].astype(float), truth)
        np.testing.assert_allclose(head.weight[row], oracle.coef_[0], atol=1e-4)
        assert head.bias[row] == pytest.approx(oracle.intercept_[0], abs=1e-3)
    assert head.weight[2].tobytes() == start.weight[2].tobytes()
    assert head.bias[2].tobytes() == start.bias[2].tobytes()


def test_an_anchored_head_is_a_logistic_regression_on_what_is_left_to_explain() -> None:
    # |W - W0|^2 is a plain ridge on W - W0 with the champion's logits as an offset: with a strong
    # penalty nothing moves but the bias, with none the anchor is of no account.
    features, truth = synthetic(60)
    start = start_head(2)
    strong, weak = (
        fitted(
            HeadTraining(
                features, one_of_two(truth), spec=SOFTMAX, start=start,
                config=converging(ridge, "champion"), seed=1,
            )
        )
        for ridge in (500.0, 0.02)
    )  # fmt: skip
    np.testing.assert_allclose(strong.weight, start.weight, atol=1e-3)
    zero = fitted(
        HeadTraining(
            features, one_of_two(truth), spec=SOFTMAX, start=start,
            config=converging(0.02), seed=1,
        )
    )  # fmt: skip
    assert np.linalg.norm(weak.weight - start.weight) < np.linalg.norm(zero.weight - start.weight)


def test_partial_labels_leave_classes_open() -> None:
    labels = torch.tensor(
        [
            [NAN, 1.0, 0.0],  # the second
            [NAN, 0.0, NAN],  # not the second: the first or the third
            [NAN, NAN, NAN],  # nothing known
            [NAN, 1.0, 1.0],  # two at once: a contradiction
            [NAN, 0.0, 0.0],  # no finding: the class that is none
        ]
    )
    allowed = allowed_classes(labels)
    assert allowed.tolist() == [
        [False, True, False],
        [True, False, True],
        [True, True, True],
        [False, False, False],
        [True, False, False],
    ]
    # equal logits: one of three is -ln(1/3), two of three -ln(2/3); rows that say nothing are out
    expected = (math.log(3) + math.log(1.5) + math.log(3)) / 3
    assert exclusive_loss(torch.zeros(5, 3), allowed).item() == pytest.approx(expected, rel=1e-6)
    assert exclusive_loss(torch.zeros(1, 3), allowed[2:3]).item() == 0.0
    one = torch.tensor([[0.3, -1.0, 2.0]])
    plain = torch.nn.functional.cross_entropy(one, torch.tensor([1]))
    assert exclusive_loss(one, allowed[:1]).item() == pytest.approx(plain.item(), rel=1e-6)


def test_loss_of_other_images_by_hand_and_none_where_nobody_judged() -> None:
    # logit 0 against present: ln 2; logits 0 and 2 of the second against 1 and 0: mean of ln 2 and
    # ln(1 + e^2); the outputs' means add up
    logits = np.array([[0.0, 0.0, 5.0], [9.0, 2.0, 5.0]])
    labels = np.array([[1.0, 1.0, NAN], [NAN, 0.0, NAN]], np.float32)
    by_hand = math.log(2) + (math.log(2) + math.log(1 + math.exp(2))) / 2
    assert head_loss(logits, labels, spec=SIGMOID) == pytest.approx(by_hand, rel=1e-9)
    assert head_loss(logits, np.full((2, 3), np.nan, np.float32), spec=SIGMOID) is None
    two = np.zeros((1, 2))
    assert head_loss(two, np.array([[NAN, 1.0]], np.float32), spec=SOFTMAX) == pytest.approx(
        math.log(2)
    )
    assert head_loss(two, np.array([[NAN, NAN]], np.float32), spec=SOFTMAX) is None


@pytest.mark.parametrize("batch_size", [0, 16])
def test_a_training_taken_up_at_any_epoch_ends_in_the_same_bits(
    tmp_path: Path, batch_size: int
) -> None:
    features, truth = synthetic(50)
    config = RunConfig(epochs=5, batch_size=batch_size)

    def new(seed: int = 4) -> HeadTraining:
        return HeadTraining(
            features, one_of_two(truth), spec=SOFTMAX, start=start_head(2), config=config, seed=seed
        )

    whole = fitted(new(), epochs=5)
    for epoch in range(1, 5):
        part = new()
        fitted(part, epochs=epoch)
        write_checkpoint(tmp_path / "c", part.checkpoint())
        again = new()
        again.restore(read_checkpoint(tmp_path / "c"))
        assert again.epoch == epoch
        head = fitted(again, epochs=5)
        assert head.weight.tobytes() == whole.weight.tobytes()
        assert head.bias.tobytes() == whole.bias.tobytes()
    other = fitted(new(seed=5), epochs=5)
    assert (other.weight.tobytes() == whole.weight.tobytes()) == (batch_size == 0)


def test_a_checkpoint_is_safetensors_and_equal_ones_are_equal_files(tmp_path: Path) -> None:
    features, truth = synthetic(20)
    training = HeadTraining(
        features, one_of_two(truth), spec=SOFTMAX, start=start_head(2), config=RunConfig(), seed=4
    )
    training.run_epoch()
    for name in ("a", "b"):
        write_checkpoint(tmp_path / name, training.checkpoint())
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    found = read_checkpoint(tmp_path / "a")
    assert found.facts == {"epoch": 1, "step": 1}
    assert {"weight", "bias", "generator", "adamw.0.exp_avg", "adamw.1.step"} <= set(found.tensors)


def test_a_head_without_bias_has_none() -> None:
    features, truth = synthetic(40)
    start = replace(start_head(2), bias=np.zeros(2, np.float32))
    head = fitted(
        HeadTraining(
            features, one_of_two(truth), spec=SOFTMAX, start=start,
            config=converging(0.02), seed=1, learns_bias=False,
        )
    )  # fmt: skip
    oracle = LogisticRegression(C=2 / (0.02 * 40), fit_intercept=False, tol=1e-10, max_iter=9999)
    oracle.fit(features.astype(float), truth)
    np.testing.assert_allclose(head.weight[1] - head.weight[0], oracle.coef_[0], atol=1e-4)
    assert head.bias.tolist() == [0.0, 0.0]


def test_what_cannot_be_learned_is_refused_with_what_is_missing() -> None:
    none = np.full((3, 2), np.nan, np.float32)
    with pytest.raises(UntrainableError) as refused:
        trainable_labels(none, SOFTMAX)
    assert refused.value.code == "run_no_training_labels"
    only_nodules = none.copy()
    only_nodules[:, 1] = 1.0
    with pytest.raises(UntrainableError) as refused:
        trainable_labels(only_nodules, SOFTMAX)
    assert (refused.value.code, refused.value.params) == (
        "run_class_missing", {"missing": ["NORMAL"]}
    )  # fmt: skip
    one_sided = np.array([[1.0, NAN, NAN], [1.0, 0.0, NAN]], np.float32)
    with pytest.raises(UntrainableError) as refused:
        trainable_labels(one_sided, SIGMOID)
    assert refused.value.params == {"missing": ["C0", "C1"]}


@pytest.mark.full
def test_on_real_radiographs_head_training_is_a_logistic_regression(shared_data: Path) -> None:
    folder = shared_data / "cxr_pneumonia"
    spec = ModelSpec.from_json(read_spec_json(SPECS / "cxr_pneumonia_2class.json"))
    model = load_model(spec, shared_data / "weights" / "cxr_pneumonia_2class.safetensors")
    assert model.head is not None
    with (folder / "labels.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    chosen = [line for line in lines if line["split"] == "train"][::4]
    chosen += [line for line in lines if line["split"] == "test"][::3]
    truth = np.array([line["label"] == "PNEUMONIA" for line in chosen])
    is_test = np.array([line["split"] == "test" for line in chosen])
    features, served = [], []
    for start in range(0, len(chosen), 25):
        inputs = np.stack(
            [
                to_network_input(_display_image(folder / line["file"]), spec.preprocess)[0]
                for line in chosen[start : start + 25]
            ]
        )
        features.append(pooled_features(model, model.head, inputs))
        served.append(predict_batch(model, inputs).logits)
    values = np.concatenate(features)
    weight, bias = model.head.weight.numpy(), model.head.bias.numpy()
    np.testing.assert_allclose(values @ weight.T + bias, np.concatenate(served), atol=1e-3)
    train, count = ~is_test, int((~is_test).sum())
    for ridge in (0.1, 0.01):
        head = fitted(
            HeadTraining(
                values[train], one_of_two(truth[train]), spec=spec, start=Head(weight, bias),
                config=RunConfig(anchor="zero", ridge=ridge), seed=1,
            ),
            epochs=500,
        )  # fmt: skip
        oracle = LogisticRegression(C=2 / (ridge * count), tol=1e-10, max_iter=100_000)
        oracle.fit(values[train].astype(np.float64), truth[train])
        ours = values[is_test] @ (head.weight[1] - head.weight[0])
        theirs = values[is_test] @ oracle.coef_[0]
        areas = [auroc(scores, truth[is_test]).value for scores in (ours, theirs)]
        assert abs(areas[0] - areas[1]) < 1e-3
        distance = np.linalg.norm(head.weight[1] - head.weight[0] - oracle.coef_[0])
        assert distance < 0.01 * np.linalg.norm(oracle.coef_[0])
