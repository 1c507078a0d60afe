"""Which outputs of a model can learn from these labels, and what is missing for the others?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from apps.errors import Invalid
from apps.inference.compute.losses import allowed_classes
from apps.inference.compute.spec import ModelSpec


class UntrainableError(Invalid):
    """A snapshot that a run cannot learn from; the screens turn the code into a sentence."""

    def __init__(self, code: str, message: str, **params: Any) -> None:
        super().__init__(message, code=code, params=params)


@dataclass(frozen=True)
class TrainableLabels:
    """Labels of the outputs that learn.

    Attributes
    ----------
    labels : float32 (n, K), 1, 0, NaN where nobody judged, and for an output that cannot learn
    rows : outputs that learn; all of an exclusive group
    left_out : findings that do not learn, for want of a positive or a negative image
    """

    labels: NDArray[np.float32]
    rows: tuple[int, ...]
    left_out: tuple[str, ...]


def trainable_labels(labels: NDArray[np.float32], spec: ModelSpec) -> TrainableLabels:
    """Choose what can learn.

    An independent finding without a positive or without a negative image would only drift: it keeps
    the weights it has. In an exclusive group every class moves with every other, so each needs one
    image of which it is known.

    Parameters
    ----------
    labels : float32 (n, K), 1, 0, NaN where nobody judged or the output is no finding
    spec : ModelSpec

    Raises
    ------
    UntrainableError : `run_no_training_labels` without any label, `run_class_missing` where a class
        of the group, or for every finding one side, has no image
    """
    if not len(labels) or np.isnan(labels).all():
        raise UntrainableError(
            "run_no_training_labels", "The training part has no label that the model knows."
        )
    if spec.activation == "softmax":
        missing = _missing_classes(labels, spec)
        if missing:
            raise _class_missing(missing)
        return TrainableLabels(labels, tuple(range(labels.shape[1])), ())
    can_learn = (labels == 1.0).any(axis=0) & (labels == 0.0).any(axis=0)
    judged = ~np.isnan(labels).all(axis=0)
    if not can_learn.any():
        raise _class_missing([spec.outputs[k].code for k in np.flatnonzero(judged)])
    kept = np.where(can_learn, labels, np.float32(np.nan))
    left_out = [out.finding for out, can in zip(spec.outputs, can_learn, strict=True) if not can]
    rows = tuple(int(row) for row in np.flatnonzero(can_learn))
    return TrainableLabels(kept, rows, tuple(finding for finding in left_out if finding))


def _missing_classes(labels: NDArray[np.float32], spec: ModelSpec) -> list[str]:
    allowed = allowed_classes(torch.from_numpy(labels)).numpy()
    known = allowed[allowed.sum(axis=1) == 1].any(axis=0)
    return [out.code for out, is_known in zip(spec.outputs, known, strict=True) if not is_known]


def _class_missing(codes: list[str]) -> UntrainableError:
    return UntrainableError(
        "run_class_missing",
        f"The training part does not show both sides of {', '.join(codes)}.",
        missing=codes,
    )
