import warnings

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from apps.inference.compute.cam import class_maps, evidence_maps, keep_means
from apps.inference.compute.head import LinearHead, captured_output
from apps.inference.compute.predict import predict_batch, prepare_model
from tests.inference.model_specs import random_inputs, random_network, sigmoid_spec

# Two channels, two outputs, a grid of one row and two columns
HEAD = LinearHead(
    "layer", "NCHW", torch.tensor([[1.0, -2.0], [0.5, 3.0]]), torch.tensor([0.25, -1.0])
)
FEATURES = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])


def test_class_maps_of_a_case_worked_by_hand() -> None:
    # output 0: 1*1 - 2*3 = -5 and 1*2 - 2*4 = -6; output 1: 0.5*1 + 3*3 = 9.5, 0.5*2 + 3*4 = 13
    maps = class_maps(HEAD, FEATURES)
    assert maps.tolist() == [[[[-5.0, -6.0]], [[9.5, 13.0]]]]


def test_memory_order_does_not_change_the_maps() -> None:
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(3, 2, 4, 5, generator=generator)
    reordered = features.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(class_maps(HEAD, reordered), class_maps(HEAD, features))
    swapped = LinearHead("layer", "NHWC", HEAD.weight, HEAD.bias)
    output = features.permute(0, 2, 3, 1).contiguous()
    torch.testing.assert_close(
        class_maps(swapped, swapped.features(output)), class_maps(HEAD, features)
    )


@pytest.mark.parametrize(
    "features",
    [FEATURES[0], FEATURES.half(), FEATURES.double(), torch.zeros(1, 3, 1, 2)],
    ids=["3-D", "float16", "float64", "channels"],
)
def test_wrong_features_are_refused(features: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"features|channels"):
        class_maps(HEAD, features)


@pytest.mark.parametrize(
    ("architecture", "size"),
    [
        ("resnet18", 96),
        ("mobilenetv2_100", 96),
        pytest.param("resnet50", 224, marks=pytest.mark.full),
        pytest.param("densenet121", 224, marks=pytest.mark.full),
        pytest.param("mobilenetv2_100", 224, marks=pytest.mark.full),
    ],
)
def test_maps_equal_captum_and_add_up_to_the_logits(architecture: str, size: int) -> None:
    """captum's Grad-CAM is the oracle; it averages the gradient, hence the number of cells."""
    spec = sigmoid_spec(architecture, size=size, count=3)
    network = random_network(spec)
    inputs = random_inputs(spec, count=2)
    model = prepare_model(spec, network)
    assert model.head is not None
    with torch.inference_mode(), captured_output(network, model.head.module_name) as outputs:
        logits = network(torch.from_numpy(inputs))
    maps = class_maps(model.head, model.head.features(outputs[-1]))
    cells = maps.shape[2] * maps.shape[3]
    layer = network.get_submodule(model.head.module_name)
    for k in range(3):
        with warnings.catch_warnings():
            # captum sets full backward hooks on inputs that need no gradient
            warnings.simplefilter("ignore")
            expected = LayerGradCam(network, layer).attribute(
                torch.from_numpy(inputs).requires_grad_(), target=k, relu_attributions=False
            )
        scale = expected.abs().max()
        difference = (maps[:, k : k + 1] / cells - expected).abs().max()
        assert difference <= 1e-4 * scale
    prediction = predict_batch(model, inputs)
    assert prediction.maps is not None
    assert prediction.bias is not None
    assert prediction.maps.dtype == np.float16
    stored = prediction.maps.astype(np.float32).mean(axis=(2, 3)) + prediction.bias
    limit = 1e-3 * np.maximum(1.0, np.abs(logits.numpy()))
    assert (np.abs(stored - logits.numpy()) <= limit).all()
    assert (np.abs(prediction.logits - logits.numpy()) <= limit).all()


def test_rounding_to_float16_keeps_the_mean() -> None:
    """1000.24 and -1000.3 round to 1000 and -1000.5 (unit 0.5): the mean would be off by 0.1."""
    maps = np.array([[[[1000.24, -1000.3, 0.01]], [[1.0, 2.0, 3.0]]]], np.float32)
    means = maps.mean(axis=(2, 3))
    narrow = maps.astype(np.float16)
    keep_means(narrow, means=means)
    np.testing.assert_allclose(narrow.astype(np.float32).mean(axis=(2, 3)), means, atol=1e-4)
    # 0.01 takes 0.24 and 0.2 back; the map whose mean was right stays
    assert narrow[0, 0].ravel().tolist() == [1000.0, -1000.5, pytest.approx(0.45, abs=1e-3)]
    assert narrow[0, 1].ravel().tolist() == [1.0, 2.0, 3.0]


@settings(max_examples=50, deadline=None)
@given(arrays(np.float32, (2, 3, 7, 7), elements=st.floats(-300, 300, width=32)))
def test_stored_maps_always_add_up(maps: np.ndarray) -> None:
    narrow = maps.astype(np.float16)
    means = maps.mean(axis=(2, 3))
    keep_means(narrow, means=means)
    found = narrow.astype(np.float32).mean(axis=(2, 3))
    assert (np.abs(found - means) <= 1e-3 * np.maximum(1, np.abs(means))).all()
    assert np.abs(narrow - maps).max() <= 49 * 0.125 + 1e-3


def test_evidence_of_a_case_worked_by_hand() -> None:
    # cell values 6, 2, 1 in one group: 6 - (2+1)/2 = 4.5; 2 - 7/2 = -1.5; 1 - 8/2 = -3
    maps = np.array([6.0, 2.0, 1.0, 9.0], np.float16).reshape(1, 4, 1, 1)
    evidence = evidence_maps(maps, [[0, 1, 2]])
    assert evidence.dtype == np.float32
    assert evidence.ravel().tolist() == [4.5, -1.5, -3.0, 9.0]
    assert maps.ravel().tolist() == [6.0, 2.0, 1.0, 9.0]


def test_two_exclusive_outputs_mirror_each_other() -> None:
    maps = np.random.default_rng(0).normal(size=(2, 2, 3, 4)).astype(np.float32)
    evidence = evidence_maps(maps, [(0, 1)])
    np.testing.assert_allclose(evidence[:, 0], -evidence[:, 1], atol=1e-6)
    np.testing.assert_allclose(evidence[:, 1], maps[:, 1] - maps[:, 0], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(
    arrays(np.float32, (4, 2, 3), elements=st.floats(-100, 100, width=32)),
    arrays(np.float32, (2, 3), elements=st.floats(-100, 100, width=32)),
)
def test_what_softmax_cannot_see_is_no_evidence(maps: np.ndarray, added: np.ndarray) -> None:
    group = [[0, 1, 2, 3]]
    np.testing.assert_allclose(
        evidence_maps(maps + added, group), evidence_maps(maps, group), atol=1e-3
    )
    np.testing.assert_allclose(evidence_maps(maps, group).sum(axis=0), 0, atol=1e-3)


def test_group_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="two outputs"):
        evidence_maps(np.zeros((2, 1, 1), np.float32), [[0]])
