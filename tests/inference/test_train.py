"""Training: losses by hand, movement of regions with images, determinism, what is frozen stays."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from apps.inference.compute.augment import Augmentation, augmented
from apps.inference.compute.checkpoint import read_checkpoint, write_checkpoint
from apps.inference.compute.demo_model import (
    CARD_FILE,
    DEMO_SPLIT,
    draft_spec,
    make_demo_model,
    save_weights,
    ship_model,
    with_outputs,
    youden_threshold,
)
from apps.inference.compute.folder import read_model_folder
from apps.inference.compute.losses import label_loss, region_loss
from apps.inference.compute.manifest import Example, ManifestError, read_manifest, write_manifest
from apps.inference.compute.phantom_dataset import PhantomSplit, phantom_dataset
from apps.inference.compute.pointing import pointing_game
from apps.inference.compute.predict import load_model, predict_batch
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.train import (
    NetworkTraining,
    Recipe,
    TrainingError,
    initial_network,
    optimiser_of,
    train,
)
from apps.inference.compute.training_set import TrainingSet, load_training_set, region_coverage
from tests.inference.model_specs import spec_json

STILL = Augmentation(rotation_deg=0, shift=0, scale=0, contrast=0, brightness=0, noise=0)


SMALL_OPTIONS = (
    ("channels", "[8, 8, 16, 16]"), ("output_stride", "8"), ("stem_width", "4")
)  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def small_spec() -> ModelSpec:
    """Two findings, 32 x 32, a network of a few thousand weights with a 4 x 4 map."""
    return ModelSpec.from_json(
        spec_json(
            architecture="resnet10t",
            architecture_options={"channels": [8, 8, 16, 16], "output_stride": 8, "stem_width": 4},
            activation="sigmoid",
            outputs=[{"code": c, "finding": c} for c in ("left", "right")],
            exclusive_groups=[],
            thresholds={"left": 0.5, "right": 0.5},
            evidence_scale={},
            preprocess={
                "channels": 1, "size": [32, 32], "resize": "stretch", "mean": 127.5, "std": 64.0
            },
        )
    )  # fmt: skip


def bright_squares(count: int) -> TrainingSet:
    """A bright square in the left or in the right half, or none; its place is the region."""
    rng = np.random.default_rng(5)
    inputs = rng.normal(0.0, 0.3, (count, 1, 32, 32)).astype(np.float16)
    labels = (rng.random((count, 2)) < 0.5).astype(np.float32)
    regions = np.zeros((count, 2, 64, 64), np.float16)
    for row, column in np.argwhere(labels > 0.5):
        inputs[row, 0, 12:20, 4 + 16 * column : 12 + 16 * column] += 2.0
        regions[row, column, 24:40, 8 + 32 * column : 24 + 32 * column] = 1.0
    return TrainingSet(inputs, labels, regions, np.tile([1.0, 0, 0, 0, 1, 0], (count, 1)))


def test_label_loss_by_hand_leaves_out_what_nobody_judged() -> None:
    # logit 0 of a present finding: ln 2; logit 2 of an absent one: ln(1 + e^2)
    logits = torch.tensor([[0.0, 2.0, 9.0]])
    labels = torch.tensor([[1.0, 0.0, math.nan]])
    by_hand = (math.log(2.0) + math.log(1.0 + math.exp(2.0))) / 2.0
    assert label_loss(logits, labels).item() == pytest.approx(by_hand, rel=1e-6)
    assert label_loss(logits, torch.full((1, 3), math.nan)).item() == 0.0


def test_region_loss_by_hand() -> None:
    # Finding 0: scale 4, so cell logits 3, -3, -3, -3 against 1, 0, 0, 0: each ln(1 + e^-3), inside
    # as outside. Finding 1 is absent and silent: no inside, outside logits -3, again ln(1 + e^-3).
    cell = math.log(1.0 + math.exp(-3.0))
    maps = torch.tensor([[[[4.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    regions = torch.zeros(1, 2, 2, 2)
    regions[0, 0, 0, 0] = 1.0
    loss = region_loss(maps, regions, torch.tensor([[1.0, 0.0]]))
    # inside: (cell + 0) / 2 findings; outside: (cell + cell) / 2; half of the sum
    assert loss.item() == pytest.approx(0.75 * cell, rel=1e-5)


def test_region_loss_leaves_out_what_was_not_drawn_and_rewards_the_right_place() -> None:
    regions = torch.zeros(1, 1, 2, 2)
    present, absent = torch.tensor([[1.0]]), torch.tensor([[0.0]])
    there = torch.tensor([[[[5.0, 0.0], [0.0, -5.0]]]])
    assert region_loss(there, regions, present).item() == 0.0
    assert region_loss(there, regions, absent).item() > 0.0
    regions[0, 0, 0, 0] = 1.0
    elsewhere = there.flip(-1)
    assert region_loss(there, regions, present) < region_loss(elsewhere, regions, present)


def test_region_moves_with_its_image() -> None:
    squares = bright_squares(24)
    images = torch.from_numpy(squares.inputs).float()
    regions = torch.from_numpy(squares.regions).float()
    settings = replace(STILL, rotation_deg=30.0, shift=0.1, scale=0.2)
    moved, moved_regions = augmented(
        images, regions, settings, generator=torch.Generator().manual_seed(2)
    )
    assert not torch.allclose(moved, images, atol=0.5)
    on_image = torch.nn.functional.adaptive_avg_pool2d(moved_regions.amax(1), (32, 32))
    inside, outside = on_image > 0.9, on_image == 0
    assert moved[:, 0][inside].mean() > 1.6
    assert moved[:, 0][outside].mean() < 0.25


def test_no_augmentation_leaves_the_image() -> None:
    images, regions = torch.rand(2, 1, 16, 16), torch.rand(2, 1, 8, 8)
    same, same_regions = augmented(images, regions, STILL, generator=torch.Generator())
    torch.testing.assert_close(same, images)
    torch.testing.assert_close(same_regions, regions)


def test_region_coverage_of_half_a_cell() -> None:
    # a 640-pixel image on 64 cells: 10 pixels a cell; 15 x 10 pixels cover one cell and a half
    polygon = [(100, 200), (115, 200), (115, 210), (100, 210)]
    coverage = region_coverage([polygon], [0.1, 0, 0, 0, 0.1, 0])
    assert coverage[20, 10] == pytest.approx(1.0)
    assert coverage[20, 11] == pytest.approx(0.5, abs=0.07)
    assert coverage.astype(float).sum() == pytest.approx(1.5, abs=0.25)


class OneWeight(nn.Module):
    """y = head(trunk * x): one weight in the trunk, one weight and one bias in the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Linear(1, 1, bias=False)
        self.head = nn.Linear(1, 1)
        for parameter in self.parameters():
            nn.init.constant_(parameter, 2.0)

    def get_classifier(self) -> nn.Module:
        return self.head

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return self.head(self.trunk(inputs))


def test_first_step_of_adamw_by_hand() -> None:
    network = OneWeight()
    recipe = Recipe(epochs=1, learning_rate=0.1, weight_decay=0.5, head_rate=3.0)
    optimiser = optimiser_of(network, recipe)
    network(torch.tensor([[3.0]])).sum().backward()
    optimiser.step()
    # In the first step m / sqrt(v) is the sign of the gradient (all positive here), so a weight
    # moves by its rate; decay is rate * 0.5 * 2.0, on weights only. Trunk rate 0.1, head rate 0.3.
    assert network.trunk.weight.item() == pytest.approx(2.0 - 0.1 - 0.1, abs=1e-6)
    assert network.head.weight.item() == pytest.approx(2.0 - 0.3 - 0.3, abs=1e-6)
    assert network.head.bias.item() == pytest.approx(2.0 - 0.3, abs=1e-6)


@pytest.fixture(scope="module")
def trained_on_squares() -> tuple[nn.Module, list[float]]:
    """A network that has learned the squares, and its label loss after every epoch."""
    torch.set_num_threads(1)
    losses: list[float] = []
    recipe = Recipe(epochs=10, batch_size=16, learning_rate=5e-3, head_rate=10.0, region_weight=0.5)
    network = train(
        bright_squares(96), small_spec(), recipe, seed=1,
        report=lambda progress: losses.append(progress.label_loss),
    )  # fmt: skip
    return network, losses


def test_training_learns_where_the_squares_are(
    trained_on_squares: tuple[nn.Module, list[float]],
) -> None:
    network, losses = trained_on_squares
    squares = bright_squares(96)
    assert losses[-1] < 0.5 * losses[0]
    logits = network(torch.from_numpy(squares.inputs).float())
    truth = torch.from_numpy(squares.labels) > 0.5
    assert ((logits > 0) == truth).float().mean() > 0.95


def test_same_seed_same_weights_other_seed_others() -> None:
    recipe = Recipe(epochs=2, batch_size=8, region_weight=0.3)
    first, again, other = (
        train(bright_squares(16), small_spec(), recipe, seed=seed).state_dict()
        for seed in (4, 4, 5)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["fc.weight"], other["fc.weight"])


def test_training_leaves_the_global_random_state_alone() -> None:
    before = torch.get_rng_state()
    initial_network(small_spec(), seed=9)
    assert torch.equal(torch.get_rng_state(), before)


def test_frozen_modules_stay_to_the_bit() -> None:
    network = initial_network(small_spec(), seed=3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    recipe = Recipe(epochs=2, batch_size=8, frozen=("conv1", "bn1", "layer1"))
    after = train(bright_squares(16), small_spec(), recipe, seed=3, network=network).state_dict()
    frozen = [name for name in before if name.split(".")[0] in {"conv1", "bn1", "layer1"}]
    assert frozen
    assert all(torch.equal(before[name], after[name]) for name in frozen)
    assert not torch.equal(before["fc.weight"], after["fc.weight"])


def test_a_training_taken_up_at_any_epoch_ends_in_the_same_bits(tmp_path: Path) -> None:
    spec = replace(small_spec(), architecture_options=(("drop_rate", "0.3"), *SMALL_OPTIONS))
    recipe = Recipe(epochs=3, batch_size=8, region_weight=0.3, frozen=("conv1",))

    def new() -> NetworkTraining:
        network = initial_network(spec, seed=3)
        return NetworkTraining(bright_squares(16), spec, recipe, seed=8, network=network)

    whole = new()
    for _ in range(3):
        whole.run_epoch()
    for epoch in (1, 2):
        part, again = new(), new()
        for _ in range(epoch):
            part.run_epoch()
        write_checkpoint(tmp_path / "c", part.checkpoint())
        torch.rand(5)  # what else draws numbers meanwhile does not matter
        again.restore(read_checkpoint(tmp_path / "c"))
        while again.epoch < 3:
            again.run_epoch()
        expected, found = whole.network.state_dict(), again.network.state_dict()
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_an_exclusive_group_learns_by_softmax() -> None:
    spec = replace(small_spec(), activation="softmax")
    squares = bright_squares(32)
    # the left class where there is a square on the left, else the right one
    labels = np.stack([squares.labels[:, 0], 1.0 - squares.labels[:, 0]], axis=1)
    training = NetworkTraining(
        replace(squares, labels=labels),
        spec,
        Recipe(epochs=4, batch_size=8, learning_rate=5e-3, head_rate=5.0),
        seed=1,
        network=initial_network(spec, seed=1),
    )
    losses = [training.run_epoch().label_loss for _ in range(4)]
    assert losses[-1] < losses[0]


def test_pointing_game_counts_hits_beside_its_baselines() -> None:
    maps = np.zeros((2, 2, 2), np.float32)
    maps[0, 0, 0] = 1.0  # upper left: its centre is cell (1, 1) of the 4 x 4 regions
    maps[1, 0, 0] = 1.0
    regions = np.zeros((2, 4, 4), np.float32)
    regions[0, :2, :2] = 1.0
    regions[1, 2:, 2:] = 1.0
    game = pointing_game(maps, regions)
    assert (game.map_share, game.centre_share, game.best_fixed_share) == (0.5, 0.5, 0.5)


def test_youden_threshold_lies_between_the_classes() -> None:
    scores = np.array([0.1, 0.2, 0.4, 0.8, 0.9])
    assert youden_threshold(scores, np.array([0, 0, 0, 1, 1], bool)) == pytest.approx(0.6)
    with pytest.raises(ValueError, match="positive and negative"):
        youden_threshold(scores, np.ones(5, bool))


def test_outputs_that_stay_are_unchanged() -> None:
    spec = replace(draft_spec(), evidence_scale=(("nodule", 2.0), ("pneumonia", 3.0)))
    network = initial_network(spec, seed=6).eval()
    rows = [1, 3, 4]
    narrow, narrow_spec = with_outputs(network, spec, rows)
    codes = ("effusion", "pneumonia", "cardiomegaly")
    assert tuple(output.code for output in narrow_spec.outputs) == codes
    assert narrow_spec.thresholds == tuple((code, 0.5) for code in codes)
    assert narrow_spec.evidence_scale == (("pneumonia", 3.0),)
    before, after = network.state_dict(), narrow.state_dict()
    assert after.keys() == before.keys()
    for name, tensor in before.items():
        kept = tensor[rows] if name.startswith("fc.") else tensor
        assert torch.equal(after[name], kept), name
    # A matrix product of another shape adds in another order: weights are equal to the bit, and
    # logits to the last bits of float32.
    images = torch.randn(3, 1, 128, 128, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(narrow(images), network(images)[:, rows], rtol=1e-5, atol=1e-6)


def test_output_of_a_softmax_cannot_be_left_out() -> None:
    spec = replace(small_spec(), activation="softmax")
    with pytest.raises(ValueError, match="independent"):
        with_outputs(initial_network(spec, seed=1), spec, [0])


def test_finding_read_by_chance_is_left_out_and_its_area_told(
    trained_on_squares: tuple[nn.Module, list[float]], tmp_path: Path
) -> None:
    spec = save_weights(trained_on_squares[0], small_spec(), tmp_path)
    whole = load_model(spec, tmp_path / spec.weights.file)
    # The truth about "left" has nothing to do with the images: half of either kind is called left.
    images = bright_squares(96)
    labels = images.labels.copy()
    for side in (0.0, 1.0):
        index = np.flatnonzero(images.labels[:, 0] == side)
        labels[index, 0] = np.arange(len(index)) % 2
    labels[:6, 1] = 1.0 - labels[:6, 1]  # some errors, so that there is a temperature to find
    images = replace(images, labels=labels)
    card = ship_model(whole, tmp_path, validation=images, test=images)
    findings = card["findings"]
    assert findings["left"]["is_left_out"] is True
    assert findings["left"]["auroc"][0] == findings["left"]["validation_auroc"] < 0.75
    assert "sensitivity" not in findings["left"]
    assert findings["right"]["is_left_out"] is False
    assert findings["right"]["validation_auroc"] > 0.75
    folder = read_model_folder(tmp_path)
    assert set(folder.spec.finding_outputs) == {"right"}
    assert [code for code, _ in folder.spec.evidence_scale] == ["right"]
    shipped = load_model(folder.spec, folder.weights_path)
    inputs = images.inputs[:8].astype(np.float32)
    np.testing.assert_allclose(
        predict_batch(shipped, inputs).logits[:, 0],
        predict_batch(whole, inputs).logits[:, 1],
        rtol=1e-4,
    )
    with pytest.raises(TrainingError, match="No finding"):
        ship_model(whole, tmp_path, validation=images, test=images, minimum_auroc=1.0)


def test_manifest_comes_back_and_says_which_line_is_wrong(tmp_path: Path) -> None:
    example = Example(
        path=tmp_path / "a.dcm", frame_number=1, part="train", labels={"nodule": True},
        rois={"nodule": [[[0, 0], [4, 0], [4, 4]]]},
    )  # fmt: skip
    path = tmp_path / "manifest.jsonl"
    write_manifest(path, [example, replace(example, part="test")])
    assert read_manifest(path) == [example, replace(example, part="test")]
    path.write_text(path.read_text() + "{}\n", encoding="utf-8")
    with pytest.raises(ManifestError, match="Line 3"):
        read_manifest(path)


def test_parts_of_the_demo_share_no_seed() -> None:
    seeds = [seed for seed, _ in DEMO_SPLIT.seeds()]
    assert len(set(seeds)) == len(seeds) == 1100


@pytest.mark.full
def test_tiny_demo_model_is_a_folder_that_loads_and_is_reproducible(tmp_path: Path) -> None:
    split = PhantomSplit(train=12, validation=14, test=14, first_seed=60)
    manifest = phantom_dataset(tmp_path / "phantoms", split)
    recipe = Recipe(epochs=1, batch_size=6, region_weight=0.5)
    cards = [
        make_demo_model(manifest, tmp_path / name, seed=2, recipe=recipe, minimum_auroc=0.0)
        for name in ("a", "b")
    ]
    assert cards[0] == cards[1]
    files = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]
    folder = read_model_folder(tmp_path / "a")
    model = load_model(folder.spec, folder.weights_path)
    assert model.head is not None
    assert set(dict(folder.spec.evidence_scale)) == set(folder.spec.finding_outputs)
    assert json.loads((tmp_path / "a" / CARD_FILE).read_text()) == cards[0]


@pytest.mark.full
def test_training_reads_what_prediction_reads(tmp_path: Path) -> None:
    manifest = phantom_dataset(tmp_path, PhantomSplit(train=2, validation=0, test=0, first_seed=70))
    examples = read_manifest(manifest)
    images = load_training_set(examples, draft_spec())
    assert images.inputs.shape == (2, 1, 128, 128)
    assert float(images.inputs.min()) >= -127.5 / 64 - 0.01
    assert float(images.inputs.max()) <= 127.5 / 64 + 0.01
    for row, example in enumerate(examples):
        present = [code for code, is_present in example.labels.items() if is_present]
        covered = images.regions[row].astype(float).sum(axis=(1, 2)) > 0
        assert covered.sum() == len(present)
