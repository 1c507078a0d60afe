"""What does a model say it is: network, outputs, input, and the images it may judge?

A `ModelSpec` is the checked form of `spec.json`. It is plain Python without torch, because the web
process reads it too. Whatever a stranger may have written into that file is judged here, before
anything is built from it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from apps.inference.compute.applicability import Abstention, Applicability
from apps.inference.compute.json_fields import Fields, Json, SpecError, number

__all__ = [
    "PREPROCESS_CODE_VERSION",
    "Abstention",
    "Applicability",
    "ModelSpec",
    "Output",
    "Preprocess",
    "SpecError",
    "WeightsFile",
]

Activation = Literal["softmax", "sigmoid"]
Resize = Literal["stretch", "letterbox", "center_crop"]
Aggregation = Literal["max", "mean"]
KeyMap = Literal["torchvision_mobilenet_v2"]

# Raise this whenever preprocess.py changes a number it gives: predictions then name another hash.
PREPROCESS_CODE_VERSION = 1

MAX_OUTPUTS = 2000
MAX_INPUT_SIDE = 2048

# timm.create_model takes names such as "hf-hub:..." and options such as checkpoint_path that load
# pickles: so names are plain words, and only options that shape the network are let through.
ARCHITECTURE_PATTERN = re.compile(r"[a-z][a-z0-9_]{1,63}")
ARCHITECTURE_OPTIONS = frozenset(
    {
        "block_args",
        "channels",
        "drop_rate",
        "drop_path_rate",
        "global_pool",
        "img_size",
        "output_stride",
        "stem_width",
        "window_size",
    }
)
CODE_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
WEIGHTS_FILE_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.safetensors")

Choice = TypeVar("Choice", bound=str)


@dataclass(frozen=True)
class WeightsFile:
    """The safetensors file of a model, by name inside its folder and by content."""

    file: str
    sha256: str
    key_map: KeyMap | None


@dataclass(frozen=True)
class Output:
    """One output of the network; `finding` is None for a class that is none, such as NORMAL."""

    code: str
    finding: str | None


@dataclass(frozen=True)
class Preprocess:
    """How a display image (float32, 0..255) becomes network input: `(resized - mean) / std`."""

    channels: int
    size: tuple[int, int]
    resize: Resize
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def to_json(self) -> dict[str, Json]:
        """JSON form as in `spec.json`."""
        return {
            "channels": self.channels,
            "size": list(self.size),
            "resize": self.resize,
            "mean": _shortest(self.mean),
            "std": _shortest(self.std),
        }

    @property
    def sha256(self) -> str:
        """Name of everything that decides the network input: parameters and code version."""
        facts = {"code_version": PREPROCESS_CODE_VERSION, **self.to_json()}
        return hashlib.sha256(
            json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
        ).hexdigest()


@dataclass(frozen=True)
class ModelSpec:
    """Everything about a model version but its weights.

    Attributes
    ----------
    architecture_options : tuple of (name, JSON text)
        Options of the network, as text so that the spec is immutable; see `network_options`.
    exclusive_groups : tuple of tuples of int
        Outputs of which exactly one holds: all of them for softmax, none for sigmoid.
    thresholds : tuple of (finding, probability)
        From this calibrated probability on a finding counts as suggested.
    evidence_scale : tuple of (output code, logit units)
        Absolute colour scale of the heat map of an output; empty where never measured.
    temperature : float
        Divides the logits before the activation; 1.0 where never fitted.
    """

    name: str
    version: str
    architecture: str
    architecture_options: tuple[tuple[str, str], ...]
    weights: WeightsFile
    activation: Activation
    outputs: tuple[Output, ...]
    exclusive_groups: tuple[tuple[int, ...], ...]
    thresholds: tuple[tuple[str, float], ...]
    preprocess: Preprocess
    applicability: Applicability
    aggregation: Aggregation
    evidence_scale: tuple[tuple[str, float], ...]
    temperature: float
    licence: str
    intended_use: str
    training_data: str

    @property
    def network_options(self) -> dict[str, Json]:
        """Options for the network's constructor."""
        return {name: json.loads(text) for name, text in self.architecture_options}

    @property
    def finding_outputs(self) -> dict[str, int]:
        """Index of the output that speaks for each finding."""
        return {out.finding: index for index, out in enumerate(self.outputs) if out.finding}

    @property
    def preprocess_sha256(self) -> str:
        """See `Preprocess.sha256`."""
        return self.preprocess.sha256

    @classmethod
    def from_json(cls, value: Json) -> ModelSpec:
        """Read and check a parsed `spec.json`.

        Raises
        ------
        SpecError
            For a missing, unknown, ill-typed or contradictory field.
        """
        fields = Fields(value, "spec")
        activation = _choice(fields, "activation", get_args(Activation))
        outputs = _outputs(fields)
        findings = [output.finding for output in outputs if output.finding]
        spec = cls(
            name=_matching(fields, "name", CODE_PATTERN),
            version=_matching(fields, "version", CODE_PATTERN),
            architecture=_matching(fields, "architecture", ARCHITECTURE_PATTERN),
            architecture_options=_architecture_options(fields),
            weights=_weights(fields.child("weights")),
            activation=activation,
            outputs=outputs,
            exclusive_groups=_exclusive_groups(fields, activation=activation, count=len(outputs)),
            thresholds=_thresholds(fields, findings),
            preprocess=_preprocess(fields.child("preprocess")),
            applicability=Applicability.from_fields(fields.child("applicability")),
            aggregation=_choice(fields, "aggregation", get_args(Aggregation)),
            evidence_scale=_evidence_scale(fields, outputs),
            temperature=_temperature(fields),
            licence=fields.text("licence"),
            intended_use=fields.text("intended_use"),
            training_data=fields.text("training_data"),
        )
        fields.finish()
        return spec

    def to_json(self) -> dict[str, Json]:
        """JSON form; `ModelSpec.from_json(spec.to_json()) == spec`."""
        return {
            "name": self.name,
            "version": self.version,
            "architecture": self.architecture,
            "architecture_options": self.network_options,
            "weights": {
                "file": self.weights.file,
                "sha256": self.weights.sha256,
                "key_map": self.weights.key_map,
            },
            "activation": self.activation,
            "outputs": [{"code": out.code, "finding": out.finding} for out in self.outputs],
            "exclusive_groups": [list(group) for group in self.exclusive_groups],
            "thresholds": dict(self.thresholds),
            "preprocess": self.preprocess.to_json(),
            "applicability": self.applicability.to_json(),
            "aggregation": self.aggregation,
            "evidence_scale": dict(self.evidence_scale),
            "calibration": {"temperature": self.temperature},
            "licence": self.licence,
            "intended_use": self.intended_use,
            "training_data": self.training_data,
        }


def _shortest(values: tuple[float, ...]) -> Json:
    return values[0] if len(set(values)) == 1 else list(values)


def _choice(fields: Fields, key: str, choices: tuple[Choice, ...]) -> Choice:
    value = fields.text(key)
    for choice in choices:
        if value == choice:
            return choice
    raise SpecError("spec_choice", f"{fields.where(key)} must be one of: {', '.join(choices)}.")


def _matching(fields: Fields, key: str, pattern: re.Pattern[str]) -> str:
    value = fields.text(key)
    if not pattern.fullmatch(value):
        raise SpecError("spec_format", f"{fields.where(key)} must match {pattern.pattern}.")
    return value


def _architecture_options(fields: Fields) -> tuple[tuple[str, str], ...]:
    if not fields.has("architecture_options"):
        return ()
    options = fields.raw("architecture_options")
    if not isinstance(options, dict):
        raise SpecError(
            "spec_type", f"{fields.where('architecture_options')} must be a JSON object."
        )
    refused = sorted(set(options) - ARCHITECTURE_OPTIONS)
    if refused:
        raise SpecError(
            "architecture_option_refused",
            f"{fields.where('architecture_options')}.{refused[0]} is not allowed; allowed are: "
            f"{', '.join(sorted(ARCHITECTURE_OPTIONS))}.",
        )
    return tuple((name, json.dumps(options[name], sort_keys=True)) for name in sorted(options))


def _weights(fields: Fields) -> WeightsFile:
    key_map: KeyMap | None = None
    if fields.has("key_map"):
        key_map = _choice(fields, "key_map", get_args(KeyMap))
    weights = WeightsFile(
        file=_matching(fields, "file", WEIGHTS_FILE_PATTERN),
        sha256=_matching(fields, "sha256", SHA256_PATTERN),
        key_map=key_map,
    )
    fields.finish()
    return weights


def _output(value: Json, where: str) -> Output:
    fields = Fields(value, where)
    finding = _matching(fields, "finding", CODE_PATTERN) if fields.has("finding") else None
    output = Output(code=_matching(fields, "code", CODE_PATTERN), finding=finding)
    fields.finish()
    return output


def _outputs(fields: Fields) -> tuple[Output, ...]:
    values = fields.items("outputs")
    where = fields.where("outputs")
    if not 1 <= len(values) <= MAX_OUTPUTS:
        raise SpecError("spec_range", f"{where} must have 1 to {MAX_OUTPUTS} entries.")
    outputs = tuple(_output(value, f"{where}[{index}]") for index, value in enumerate(values))
    codes = [output.code for output in outputs]
    findings = [output.finding for output in outputs if output.finding]
    if len(set(codes)) < len(codes) or len(set(findings)) < len(findings):
        raise SpecError("spec_duplicate", f"{where} names a code or a finding twice.")
    return outputs


def _exclusive_groups(
    fields: Fields, *, activation: Activation, count: int
) -> tuple[tuple[int, ...], ...]:
    required = (tuple(range(count)),) if activation == "softmax" else ()
    if activation == "softmax" and count < 2:
        raise SpecError(
            "spec_range", f"{fields.where('outputs')} needs two entries or more for softmax."
        )
    if fields.has("exclusive_groups") and fields.items("exclusive_groups") != [
        list(g) for g in required
    ]:
        raise SpecError(
            "spec_groups",
            f"{fields.where('exclusive_groups')} must hold all outputs in order as one group for "
            "softmax, and be empty for sigmoid.",
        )
    return required


def _probability(value: float, where: str) -> float:
    if not 0.0 <= value <= 1.0:
        raise SpecError("spec_range", f"{where} must lie in 0 to 1.")
    return value


def _thresholds(fields: Fields, findings: list[str]) -> tuple[tuple[str, float], ...]:
    thresholds = fields.numbers("thresholds")
    if set(thresholds) != set(findings):
        raise SpecError(
            "spec_thresholds",
            f"{fields.where('thresholds')} must name exactly the findings of the outputs.",
        )
    where = fields.where("thresholds")
    return tuple((name, _probability(thresholds[name], f"{where}.{name}")) for name in findings)


def _per_channel(fields: Fields, key: str, channels: int) -> tuple[float, ...]:
    value = fields.raw(key)
    if not isinstance(value, list):
        return (number(value, fields.where(key)),) * channels
    if len(value) != channels:
        raise SpecError("spec_range", f"{fields.where(key)} must have one number per channel.")
    return tuple(number(item, fields.where(key)) for item in value)


def _preprocess(fields: Fields) -> Preprocess:
    channels = fields.integer("channels", low=1, high=3)
    height, width = (number(value, fields.where("size")) for value in fields.pair("size"))
    for side in (height, width):
        if side != int(side) or not 1 <= side <= MAX_INPUT_SIDE:
            raise SpecError(
                "spec_range",
                f"{fields.where('size')} must be two whole numbers in 1 to {MAX_INPUT_SIDE}.",
            )
    std = _per_channel(fields, "std", channels)
    if min(std) <= 0:
        raise SpecError("spec_range", f"{fields.where('std')} must be above 0.")
    preprocess = Preprocess(
        channels=channels,
        size=(int(height), int(width)),
        resize=_choice(fields, "resize", get_args(Resize)),
        mean=_per_channel(fields, "mean", channels),
        std=std,
    )
    fields.finish()
    return preprocess


def _evidence_scale(fields: Fields, outputs: tuple[Output, ...]) -> tuple[tuple[str, float], ...]:
    scale = fields.numbers("evidence_scale") if fields.has("evidence_scale") else {}
    where = fields.where("evidence_scale")
    if set(scale) - {output.code for output in outputs}:
        raise SpecError("spec_evidence_scale", f"{where} names a code that is no output.")
    if any(value <= 0 for value in scale.values()):
        raise SpecError("spec_range", f"{where} must hold numbers above 0.")
    return tuple((out.code, scale[out.code]) for out in outputs if out.code in scale)


def _temperature(fields: Fields) -> float:
    if not fields.has("calibration"):
        return 1.0
    calibration = fields.child("calibration")
    temperature = number(calibration.raw("temperature"), calibration.where("temperature"))
    calibration.finish()
    if temperature <= 0:
        raise SpecError("spec_range", f"{calibration.where('temperature')} must be above 0.")
    return temperature
