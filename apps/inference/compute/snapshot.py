"""What does a run train on? The manifest of a snapshot: images by content, their part and labels.

Training, validation and test never share a case; nobody's label is invented: what nobody judged is
absent, and left out of every loss and number. Plain Python, without torch and without a database.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from apps.errors import Invalid
from apps.inference.compute.manifest import PARTS, Polygon

FORMAT: Final = 1
SHA256: Final = re.compile(r"[0-9a-f]{64}")


class SnapshotError(Invalid):
    """A manifest that cannot be used; the message names the item."""

    default_code = "snapshot_unreadable"


@dataclass(frozen=True)
class SnapshotItem:
    """One image of a snapshot.

    Attributes
    ----------
    case : key of the case; all images of a case stand in one part
    rendition_sha256 : blob of the DICOM file that prediction reads
    frame_number : from 1
    part : train, validation or test
    labels : finding to present, as far as it is true of this image; a finding that nobody judged,
        or of which nobody said on which image of the case it is, is left out
    rois : finding to polygons in image points (column, row; 0,0 at the outer corner)
    """

    case: str
    rendition_sha256: str
    frame_number: int
    part: str
    labels: dict[str, bool]
    rois: dict[str, list[Polygon]]


@dataclass(frozen=True)
class Snapshot:
    """A checked manifest, its images in the order of the file."""

    findings: tuple[str, ...]
    items: tuple[SnapshotItem, ...]

    def part(self, name: str) -> tuple[SnapshotItem, ...]:
        """Give the images of one part."""
        return tuple(item for item in self.items if item.part == name)


@dataclass(frozen=True)
class CaseTruth:
    """What was judged of the cases of a part.

    Attributes
    ----------
    cases : int (n,), number of the case of each image, in [0, m)
    labels : finding to float32 (m,), 1, 0, or NaN where nobody judged
    """

    cases: NDArray[np.intp]
    labels: dict[str, NDArray[np.float32]]


def read_snapshot(content: bytes) -> Snapshot:
    """Read and check a manifest.

    Raises
    ------
    SnapshotError : `snapshot_unreadable` for anything but the format above, and for a case that
        stands in two parts or has two answers to one finding
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SnapshotError("The manifest of the snapshot is not JSON.") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise SnapshotError(f"The manifest of the snapshot has another format than {FORMAT}.")
    findings, rows = _texts(value.get("findings")), value.get("items")
    if not findings or not isinstance(rows, list):
        raise SnapshotError("The manifest of the snapshot names no findings, or has no items.")
    items = tuple(_item(row, number, set(findings)) for number, row in enumerate(rows, start=1))
    _check_cases(items)
    return Snapshot(findings, items)


def label_matrix(items: Sequence[SnapshotItem], codes: Sequence[str | None]) -> NDArray[np.float32]:
    """Give float32 (n, len(codes)): 1, 0, or NaN where nobody judged, or a code is None."""
    matrix = np.full((len(items), len(codes)), np.nan, np.float32)
    for row, item in enumerate(items):
        for column, code in enumerate(codes):
            if code is not None and code in item.labels:
                matrix[row, column] = float(item.labels[code])
    return matrix


def case_truth(items: Sequence[SnapshotItem], findings: Sequence[str]) -> CaseTruth:
    """Gather the labels of the cases, in the order in which the cases first appear.

    What is true of one image of a case is true of the case.
    """
    numbers: dict[str, int] = {}
    cases = [numbers.setdefault(item.case, len(numbers)) for item in items]
    labels = {finding: np.full(len(numbers), np.nan, np.float32) for finding in findings}
    for case, item in zip(cases, items, strict=True):
        for finding in labels.keys() & item.labels.keys():
            labels[finding][case] = float(item.labels[finding])
    return CaseTruth(np.asarray(cases, np.intp), labels)


def _item(row: Any, number: int, findings: set[str]) -> SnapshotItem:
    where = f"Item {number} of the manifest"
    if not isinstance(row, dict):
        raise SnapshotError(f"{where} is no object.")
    labels, rois, frame = row.get("labels"), row.get("rois", {}), row.get("frame_number")
    if not isinstance(row.get("case"), str) or row.get("part") not in PARTS:
        raise SnapshotError(f"{where} names no case, or no part of {', '.join(PARTS)}.")
    if not SHA256.fullmatch(str(row.get("rendition_sha256"))):
        raise SnapshotError(f"{where} names no image.")
    if isinstance(frame, bool) or not isinstance(frame, int) or frame < 1:
        raise SnapshotError(f"{where} names no frame.")
    if not isinstance(labels, dict) or not all(isinstance(v, bool) for v in labels.values()):
        raise SnapshotError(f"{where} has a label that is neither true nor false.")
    if not isinstance(rois, dict) or (set(labels) | set(rois)) - findings:
        raise SnapshotError(f"{where} speaks of a finding that the manifest does not name.")
    if not all(_are_polygons(polygons) for polygons in rois.values()):
        raise SnapshotError(f"{where} has a region that is no list of polygons.")
    return SnapshotItem(
        row["case"], row["rendition_sha256"], frame, row["part"], dict(labels), dict(rois)
    )


def _check_cases(items: Sequence[SnapshotItem]) -> None:
    parts: dict[str, str] = {}
    answers: dict[tuple[str, str], bool] = {}
    images = set()
    for number, item in enumerate(items, start=1):
        where = f"Item {number} of the manifest"
        if parts.setdefault(item.case, item.part) != item.part:
            raise SnapshotError(f"{where}: its case stands in another part too.")
        for finding, value in item.labels.items():
            if answers.setdefault((item.case, finding), value) != value:
                raise SnapshotError(f"{where}: its case has two answers to {finding}.")
        image = (item.case, item.rendition_sha256, item.frame_number)
        if image in images:
            raise SnapshotError(f"{where} repeats an image of its case.")
        images.add(image)


def _texts(value: Any) -> tuple[str, ...]:
    """Give distinct texts; none where it is anything else."""
    texts = tuple(item for item in value if isinstance(item, str) and item) if value else ()
    is_list = isinstance(value, list) and len(set(texts)) == len(value)
    return texts if is_list else ()


def _are_polygons(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(polygon, list)
        and len(polygon) >= 3
        and all(_is_point(point) for point in polygon)
        for polygon in value
    )


def _is_point(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(c, (int, float)) and not isinstance(c, bool) for c in value)
    )
