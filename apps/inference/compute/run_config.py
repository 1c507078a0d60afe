"""What may an admin decide about a training run, within which bounds, and does it fit the model?

Plain Python without torch: the web process judges a request with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from apps.errors import Invalid
from apps.inference.compute.spec import ModelSpec

Mode = Literal["head", "full"]
LossName = Literal["auto", "softmax", "masked_bce"]
Anchor = Literal["champion", "zero"]

LONGEST_MODULE_NAME: Final = 128
MOST_FROZEN: Final = 64
LARGEST_SEED: Final = 2**31 - 1

# lowest and highest of each setting
WHOLE_NUMBERS: Final = {"epochs": (1, 5000), "batch_size": (0, 4096)}
NUMBERS: Final = {
    "learning_rate": (1e-7, 1.0),
    "weight_decay": (0.0, 1.0),
    "ridge": (0.0, 1000.0),
    "region_weight": (0.0, 10.0),
}
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "mode": get_args(Mode),
    "loss": get_args(LossName),
    "anchor": get_args(Anchor),
}
DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    "head": {"epochs": 500, "learning_rate": 0.05, "batch_size": 0},
    "full": {"epochs": 10, "learning_rate": 1e-4, "batch_size": 16},
}


class RunConfigError(Invalid):
    """A configuration that cannot be trained; `fields` names each wrong entry."""

    default_code = "run_config"


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a run beside its snapshot, its parent and its seed.

    Attributes
    ----------
    mode : `head` fits the linear layer on cached features and leaves every other weight as it is;
        `full` trains the network
    loss : `auto` is what the model's outputs need: `softmax` for an exclusive group, `masked_bce`
        for independent findings; labels nobody gave are left out of both
    epochs : passes over the training part
    batch_size : images a step; 0 takes all at once (head only)
    learning_rate : peak; half a cosine to 0 follows a short warm-up
    weight_decay : of AdamW, full only
    ridge : head only; the loss has `ridge / 2 * |W - W0|^2` beside the mean of each output's
        cross-entropy, so that one output is scikit-learn's logistic regression with
        `C = 1 / (ridge * n)`
    anchor : W0, the champion's weights (L2-SP) or zero (plain ridge)
    region_weight : full only; weight of the drawn regions in the loss
    frozen : full only; modules that do not learn
    """

    mode: Mode = "head"
    loss: LossName = "auto"
    epochs: int = 500
    batch_size: int = 0
    learning_rate: float = 0.05
    weight_decay: float = 0.01
    ridge: float = 0.01
    anchor: Anchor = "champion"
    region_weight: float = 0.0
    frozen: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> RunConfig:
        """Read and check a request; what it leaves out is the default of its mode.

        Raises
        ------
        RunConfigError : an unknown, ill-typed or out-of-range entry
        """
        wrong = {name: ["This is no setting of a run."] for name in set(value) - _names()}
        mode = value.get("mode", "head")
        given = {**DEFAULTS.get(str(mode), {}), **{k: v for k, v in value.items() if k in _names()}}
        for name, entry in given.items():
            problem = _problem(name, entry)
            if problem:
                wrong[name] = [problem]
        if not wrong and mode == "full" and given["batch_size"] == 0:
            wrong["batch_size"] = ["Full training needs 1 image a step or more."]
        if wrong:
            raise RunConfigError("The run cannot be configured like this.", fields=wrong)
        given |= {name: float(given[name]) for name in NUMBERS if name in given}
        return cls(**{**given, "frozen": tuple(given.get("frozen", ()))})

    def to_json(self) -> dict[str, Any]:
        """Give the complete JSON form; equal configurations have equal forms."""
        return {**asdict(self), "frozen": list(self.frozen)}

    def check_fits(self, spec: ModelSpec, *, has_linear_head: bool) -> None:
        """Refuse what the parent cannot do.

        Raises
        ------
        RunConfigError : a loss against the model's outputs, or a head that is not linear
        """
        wanted = "softmax" if spec.activation == "softmax" else "masked_bce"
        if self.loss not in ("auto", wanted):
            kind = "one exclusive group" if wanted == "softmax" else "independent findings"
            raise RunConfigError(
                "The loss does not fit the model.",
                fields={"loss": [f"The outputs of {spec.name} are {kind}: take {wanted}."]},
            )
        needs_head = self.mode == "head" or self.region_weight > 0
        if needs_head and not has_linear_head:
            field = "mode" if self.mode == "head" else "region_weight"
            raise RunConfigError(
                "The model has no linear head.",
                fields={field: [f"{spec.name} does not end in pooling and one linear layer."]},
            )


def _names() -> frozenset[str]:
    return frozenset({*CHOICES, *WHOLE_NUMBERS, *NUMBERS, "frozen"})


def _problem(name: str, entry: object) -> str:
    """Say what is wrong with an entry; "" for nothing."""
    if name in CHOICES:
        return "" if entry in CHOICES[name] else f"Choose one of: {', '.join(CHOICES[name])}."
    if name == "frozen":
        items = entry if isinstance(entry, (list, tuple)) else [None]
        if len(items) <= MOST_FROZEN and all(map(_is_module_name, items)):
            return ""
        return f"A list of at most {MOST_FROZEN} module names."
    is_whole = name in WHOLE_NUMBERS
    low, high = WHOLE_NUMBERS[name] if is_whole else NUMBERS[name]
    if isinstance(entry, int if is_whole else (int, float)) and not isinstance(entry, bool):
        is_inside = low <= entry <= high  # NaN fails the comparison
        return "" if is_inside else f"It lies in {low:g} to {high:g}."
    return f"A {'whole number' if is_whole else 'number'} in {low:g} to {high:g}."


def _is_module_name(item: object) -> bool:
    return isinstance(item, str) and 0 < len(item) <= LONGEST_MODULE_NAME
