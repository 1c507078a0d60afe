import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from apps.inference.compute.applicability import Abstention
from apps.inference.compute.spec import ModelSpec, SpecError
from tests.inference.model_specs import spec_json

SHIPPED = sorted((Path(__file__).parents[2] / "apps/inference/specs").glob("*.json"))


def preprocess(**changes: Any) -> dict[str, Any]:
    return {"preprocess": spec_json()["preprocess"] | changes}


def applicability(**changes: Any) -> dict[str, Any]:
    return {"applicability": spec_json()["applicability"] | changes}


def weights(**changes: Any) -> dict[str, Any]:
    return {"weights": spec_json()["weights"] | changes}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_spec_reads_and_survives_the_round_trip(path: Path) -> None:
    spec = ModelSpec.from_json(json.loads(path.read_text()))
    assert spec.name == path.stem
    assert ModelSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec


def test_three_specs_are_shipped() -> None:
    assert [path.stem for path in SHIPPED] == [
        "brain_mri_3class",
        "cxr_pneumonia_2class",
        "mobilenet_v2_imagenet1k",
    ]


def test_outputs_without_finding_are_no_findings() -> None:
    spec = ModelSpec.from_json(spec_json())
    assert spec.finding_outputs == {"nodule": 1}
    assert spec.thresholds == (("nodule", 0.4),)
    assert spec.exclusive_groups == ((0, 1),)


def test_left_out_fields_have_their_neutral_value() -> None:
    spec = ModelSpec.from_json(
        spec_json(architecture_options=None, exclusive_groups=None, evidence_scale=None)
    )
    assert spec.exclusive_groups == ((0, 1),)
    assert spec.network_options == {}
    assert spec.evidence_scale == ()
    assert spec.temperature == 1.0


def test_options_and_temperature_are_read() -> None:
    spec = ModelSpec.from_json(
        spec_json(
            architecture_options={"block_args": {"attn_layer": "cbam"}},
            calibration={"temperature": 1.5},
        )
    )
    assert spec.network_options == {"block_args": {"attn_layer": "cbam"}}
    assert spec.temperature == 1.5


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("spec_missing_field", {"name": None}),
        ("spec_missing_field", {"thresholds": None}),
        ("spec_type", {"name": 3}),
        ("spec_range", {"name": "  "}),
        ("spec_format", {"name": "../escape"}),
        ("spec_unknown_field", {"treshold": 0.4}),
        ("spec_format", {"architecture": "hf-hub:someone/pickle"}),
        ("spec_format", {"architecture": "local-dir:/tmp/model"}),
        ("architecture_option_refused", {"architecture_options": {"checkpoint_path": "x.pt"}}),
        ("architecture_option_refused", {"architecture_options": {"pretrained": True}}),
        ("architecture_option_refused", {"architecture_options": {"pretrained_cfg": {}}}),
        ("spec_format", weights(file="weights.pt")),
        ("spec_format", weights(file="../other/lung.safetensors")),
        ("spec_format", weights(sha256="ABC")),
        ("spec_choice", weights(key_map="resnet")),
        ("spec_unknown_field", weights(url="https://example.org")),
        ("spec_choice", {"activation": "relu"}),
        ("spec_range", {"outputs": []}),
        ("spec_range", {"outputs": [{"code": "A", "finding": "nodule"}]}),
        ("spec_duplicate", {"outputs": [{"code": "A"}, {"code": "A", "finding": "nodule"}]}),
        (
            "spec_duplicate",
            {"outputs": [{"code": "A", "finding": "nodule"}, {"code": "B", "finding": "nodule"}]},
        ),
        ("spec_type", {"outputs": ["NORMAL", "NODULE"]}),
        ("spec_groups", {"exclusive_groups": [[0]]}),
        ("spec_groups", {"activation": "sigmoid"}),
        ("spec_thresholds", {"thresholds": {}}),
        ("spec_thresholds", {"thresholds": {"nodule": 0.4, "mass": 0.4}}),
        ("spec_range", {"thresholds": {"nodule": 1.01}}),
        ("spec_type", {"thresholds": {"nodule": "0.4"}}),
        ("spec_type", {"thresholds": {"nodule": True}}),
        ("spec_range", {"thresholds": {"nodule": float("nan")}}),
        ("spec_range", preprocess(size=[64, 0])),
        ("spec_range", preprocess(size=[64, 64.5])),
        ("spec_type", preprocess(size=[64])),
        ("spec_range", preprocess(channels=4)),
        ("spec_range", preprocess(std=0)),
        ("spec_range", preprocess(mean=[1.0, 2.0])),
        ("spec_range", preprocess(mean=10**400)),
        ("spec_choice", preprocess(resize="squash")),
        ("spec_type", applicability(modality="CR")),
        ("spec_range", applicability(pixel_spacing_mm=[0.8, 0.1])),
        ("spec_range", applicability(pixel_spacing_mm=[0, 1])),
        ("spec_choice", {"aggregation": "median"}),
        ("spec_evidence_scale", {"evidence_scale": {"MASS": 1.0}}),
        ("spec_range", {"evidence_scale": {"NODULE": 0}}),
        ("spec_range", {"calibration": {"temperature": 0}}),
        ("spec_unknown_field", {"calibration": {"temperature": 1, "bias": 2}}),
    ],
)
def test_wrong_spec_is_refused_with_its_code(code: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError) as refused:
        ModelSpec.from_json(spec_json(**changes))
    assert refused.value.code == code
    assert refused.value.message.startswith("spec")


@pytest.mark.parametrize("value", [None, [], "spec", 3])
def test_spec_that_is_no_object_is_refused(value: Any) -> None:
    with pytest.raises(SpecError) as refused:
        ModelSpec.from_json(value)
    assert refused.value.code == "spec_type"


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("", {}),
        ("", {"modality": " dx ", "body_part": "chest"}),
        ("modality_not_covered", {"modality": "MR"}),
        ("modality_unknown", {"modality": ""}),
        ("body_part_not_covered", {"body_part": "HAND"}),
        ("body_part_unknown", {"body_part": ""}),
        ("view_not_covered", {"view": "LL"}),
        ("view_unknown", {"view": " "}),
        ("pixel_spacing_unknown", {"row_spacing_mm": None}),
        ("pixel_spacing_unknown", {"column_spacing_mm": None}),
        ("pixel_spacing_not_covered", {"row_spacing_mm": 2.0}),
        ("pixel_spacing_not_covered", {"column_spacing_mm": 0.05}),
        ("modality_not_covered", {"modality": "MR", "body_part": "HAND"}),
    ],
)
def test_model_abstains_outside_its_applicability(code: str, facts: dict[str, Any]) -> None:
    given = {
        "modality": "DX",
        "body_part": "CHEST",
        "view": "PA",
        "row_spacing_mm": 0.2,
        "column_spacing_mm": 0.5,
    } | facts
    refusal = ModelSpec.from_json(spec_json()).applicability.refusal(**given)
    assert (refusal.code if refusal else "") == code


def test_abstention_says_what_was_given_and_what_is_covered() -> None:
    spec = ModelSpec.from_json(spec_json())
    assert spec.applicability.refusal(modality="us", body_part="CHEST", view="AP") == Abstention(
        "modality_not_covered", {"given": "US", "covered": ["CR", "DX"]}
    )


def test_empty_applicability_accepts_anything() -> None:
    spec = ModelSpec.from_json(
        spec_json(**applicability(modality=[], body_part=[], view=[], pixel_spacing_mm=None))
    )
    assert spec.applicability.refusal(modality="", body_part="", view="") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"size": [64, 65]},
        {"size": [65, 64]},
        {"resize": "letterbox"},
        {"mean": 0},
        {"std": 1},
        {"mean": [127.5, 127.5, 127.0]},
        {"channels": 1},
    ],
)
def test_preprocess_hash_changes_with_every_parameter(changes: dict[str, Any]) -> None:
    spec = ModelSpec.from_json(spec_json())
    assert ModelSpec.from_json(spec_json(**preprocess(**changes))).preprocess_sha256 != (
        spec.preprocess_sha256
    )


def test_preprocess_hash_depends_on_its_meaning_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = ModelSpec.from_json(spec_json())
    same = ModelSpec.from_json(spec_json(name="other", **preprocess(mean=[127.5, 127.5, 127.5])))
    assert same.preprocess_sha256 == spec.preprocess_sha256
    before = spec.preprocess_sha256
    monkeypatch.setattr("apps.inference.compute.spec.PREPROCESS_CODE_VERSION", 2)
    assert spec.preprocess_sha256 != before


def test_what_the_web_process_reads_loads_neither_torch_nor_the_workers_libraries() -> None:
    modules = ["spec", "folder", "applicability", "probabilities", "key_maps", "priority"]
    imports = "; ".join(f"import apps.inference.compute.{module}" for module in modules)
    code = f"import sys; {imports}; sys.exit(len({{'torch', 'scipy', 'cv2'}} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
