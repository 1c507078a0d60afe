from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from apps.inference.compute.predict import (
    LoadedModel,
    PredictionError,
    load_model,
    predict_batch,
    prepare_model,
)
from apps.inference.compute.probabilities import aggregate_case, probabilities_of
from apps.inference.compute.spec import ModelSpec
from tests.inference.model_specs import (
    random_inputs,
    random_network,
    sigmoid_spec,
    spec_json,
    write_folder,
)

SPEC = sigmoid_spec("resnet10t", count=3)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return prepare_model(SPEC, random_network(SPEC))


def test_prediction_has_logits_probabilities_and_maps(model: LoadedModel) -> None:
    prediction = predict_batch(model, random_inputs(SPEC, count=4))
    assert prediction.logits.shape == prediction.probabilities.shape == (4, 3)
    assert prediction.logits.dtype == prediction.probabilities.dtype == np.float32
    assert prediction.maps is not None
    assert prediction.maps.shape == (4, 3, 2, 2)
    assert prediction.maps.flags.c_contiguous
    assert prediction.feature_ms > 0
    assert prediction.head_ms > 0
    np.testing.assert_allclose(prediction.probabilities, expit(prediction.logits), rtol=1e-6)


def test_an_image_is_judged_alike_alone_and_in_any_batch(model: LoadedModel) -> None:
    inputs = random_inputs(SPEC, count=5)
    together = predict_batch(model, inputs)
    reversed_ = predict_batch(model, inputs[::-1])
    alone = [predict_batch(model, inputs[i : i + 1]).logits[0] for i in range(5)]
    np.testing.assert_allclose(together.logits, alone, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(together.logits, reversed_.logits[::-1], rtol=1e-5, atol=1e-6)


def test_inputs_from_a_read_only_cache_are_taken(model: LoadedModel) -> None:
    inputs = random_inputs(SPEC)
    cached = np.frombuffer(inputs.tobytes(), np.float32).reshape(inputs.shape)
    found = predict_batch(model, cached).logits
    np.testing.assert_array_equal(found, predict_batch(model, inputs).logits)


def test_loaded_from_its_folder_a_model_predicts_the_same(tmp_path: Path) -> None:
    network = random_network(SPEC)
    write_folder(tmp_path, tensors=dict(network.state_dict()))
    inputs = random_inputs(SPEC)
    loaded = load_model(SPEC, tmp_path / SPEC.weights.file)
    with torch.inference_mode():
        expected = network(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(predict_batch(loaded, inputs).logits, expected, atol=1e-6)
    assert not loaded.network.training


def test_narrow_trunk_keeps_head_and_maps_in_float32(model: LoadedModel) -> None:
    narrow = prepare_model(SPEC, random_network(SPEC), dtype=torch.bfloat16)
    inputs = random_inputs(SPEC, count=4)
    wide_logits = predict_batch(model, inputs).logits
    prediction = predict_batch(narrow, inputs)
    assert prediction.maps is not None
    assert prediction.bias is not None
    # The trunk is bfloat16 (8 bits), so logits differ a little; the identity has float16's 11 bits.
    assert 0 < np.abs(prediction.logits - wide_logits).max() < 0.05
    pooled = prediction.maps.astype(np.float32).mean(axis=(2, 3)) + prediction.bias
    np.testing.assert_allclose(pooled, prediction.logits, atol=1e-3)
    assert len(np.unique(prediction.logits.view(np.uint32) & 0xFFFF)) > 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_network_without_linear_head_has_no_maps(dtype: torch.dtype) -> None:
    spec = sigmoid_spec("mobilenetv3_small_050", count=2)
    network = random_network(spec)
    inputs = random_inputs(spec)
    with torch.inference_mode():
        expected = network(torch.from_numpy(inputs)).numpy()
    prediction = predict_batch(prepare_model(spec, network, dtype=dtype), inputs)
    assert prediction.maps is None
    assert prediction.bias is None
    np.testing.assert_allclose(
        prediction.logits, expected, atol=1e-6 if dtype == torch.float32 else 0.05
    )


def test_output_that_is_not_finite_is_an_error_with_its_images(model: LoadedModel) -> None:
    inputs = random_inputs(SPEC, count=3)
    inputs[1, 0, 0, 0] = np.nan
    with pytest.raises(PredictionError) as failed:
        predict_batch(model, inputs)
    assert failed.value.code == "output_not_finite"
    assert failed.value.params == {"images": [1]}


def test_map_beyond_float16_is_an_error_and_not_infinity(model: LoadedModel) -> None:
    assert model.head is not None
    loud = replace(model, head=replace(model.head, weight=model.head.weight * 1e8))
    with pytest.raises(PredictionError) as failed:
        predict_batch(loud, random_inputs(SPEC, count=2))
    assert failed.value.code == "map_out_of_range"
    assert failed.value.params == {"images": [0, 1]}


@pytest.mark.parametrize(
    "inputs",
    [
        np.zeros((1, 3, 64, 65), np.float32),
        np.zeros((1, 1, 64, 64), np.float32),
        np.zeros((3, 64, 64), np.float32),
        np.zeros((1, 3, 64, 64), np.float64),
        np.zeros((0, 3, 64, 64), np.float32),
    ],
    ids=["size", "channels", "3-D", "float64", "empty"],
)
def test_wrong_inputs_are_refused(model: LoadedModel, inputs: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"reads float32|one image"):
        predict_batch(model, inputs)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_wrong_temperature_is_refused(model: LoadedModel, temperature: float) -> None:
    with pytest.raises(ValueError, match="temperature"):
        predict_batch(model, random_inputs(SPEC), temperature=temperature)


def test_wrong_dtype_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bfloat16"):
        load_model(SPEC, tmp_path / "never_read.safetensors", dtype=torch.int8)


def test_temperature_divides_the_logits() -> None:
    logits = np.array([[2.0, -1.0], [0.0, 800.0]], np.float32)
    np.testing.assert_allclose(
        probabilities_of(logits, activation="softmax", temperature=2.0),
        softmax(logits / 2, axis=1),
        rtol=1e-6,
    )
    # sigmoid(2/2) = 0.7310586, sigmoid(-1/2) = 0.3775407
    np.testing.assert_allclose(
        probabilities_of(logits, activation="sigmoid", temperature=2.0)[0],
        [0.7310586, 0.3775407],
        rtol=1e-6,
    )
    with pytest.raises(ValueError, match="temperature"):
        probabilities_of(logits, activation="softmax", temperature=0.0)


@pytest.mark.parametrize(("aggregation", "expected"), [("max", 0.9), ("mean", 0.5)])
def test_case_is_gathered_from_its_images(aggregation: str, expected: float) -> None:
    spec = ModelSpec.from_json(spec_json(aggregation=aggregation))
    images = np.array([[0.9, 0.1], [0.1, 0.9], [0.5, 0.5]], np.float32)
    assert aggregate_case(spec, images) == {"nodule": pytest.approx(expected)}
    with pytest.raises(ValueError, match="one image"):
        aggregate_case(spec, images[:0])
    with pytest.raises(ValueError, match="2 outputs"):
        aggregate_case(spec, images[:, :1])
