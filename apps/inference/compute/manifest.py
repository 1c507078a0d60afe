"""What is a training set? A manifest: one line of JSON per image with its part, labels and ROI.
Training, validation and test never share a patient; who writes a manifest sees to that.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PARTS = ("train", "validation", "test")

Polygon = list[tuple[float, float]]


class ManifestError(ValueError):
    """A manifest that cannot be read; the message names the line."""


@dataclass(frozen=True)
class Example:
    """One image of a training set.

    Parameters
    ----------
    path : DICOM file as the product stores it
    frame_number : int, from 1
    part : "train", "validation" or "test"
    labels : finding code -> present; a finding that nobody judged is left out
    rois : finding code -> polygons in DICOM image points (column, row; 0,0 at the outer corner)
    """

    path: Path
    frame_number: int
    part: str
    labels: dict[str, bool]
    rois: dict[str, list[Polygon]]


def write_manifest(path: Path, examples: Sequence[Example]) -> None:
    """Write one line per example; image paths relative to the manifest's folder."""
    lines = [
        json.dumps(
            {
                "path": str(example.path.relative_to(path.parent)),
                "frame_number": example.frame_number,
                "part": example.part,
                "labels": example.labels,
                "rois": example.rois,
            },
            sort_keys=True,
        )
        for example in examples
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read_manifest(path: Path) -> list[Example]:
    """Read what `write_manifest` wrote.

    Raises
    ------
    ManifestError : a line that is no example, or a part that does not exist
    """
    examples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
            example = Example(
                path=path.parent / row["path"],
                frame_number=int(row["frame_number"]),
                part=row["part"],
                labels={code: bool(value) for code, value in row["labels"].items()},
                rois=row["rois"],
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ManifestError(f"Line {number} of {path.name} is no example: {error}.") from error
        if example.part not in PARTS:
            raise ManifestError(f"Line {number} of {path.name}: unknown part {example.part!r}.")
        examples.append(example)
    return examples
