"""Which images are trained on with which labels? From approved labels to a training manifest.

A label is said of a case, training sees images: here a label is given to the images that it is
true of. The bytes depend on the content alone, never on order, time or names.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import orjson

from apps.feedback.compute.split import SHARES, PartName

FORMAT: Final = 1

LeftOut = Literal["no_label_before_ai", "no_image", "positive_without_roi"]

Polygon = list[list[float]]


class Frame(NamedTuple):
    """One frame of a stored rendition."""

    rendition_sha256: str
    frame_number: int


@dataclass(frozen=True)
class CaseLabel:
    """An approved verdict on one finding of one case.

    `before_ai` is what the same reader said before seeing any AI output; None where that is
    unknown.
    """

    entry: str
    case: str
    finding: str
    part: PartName
    is_present: bool
    before_ai: bool | None


@dataclass(frozen=True)
class Region:
    """A region that the label's review holds for the finding."""

    frame: Frame
    polygon: Polygon
    ai_visible: bool


@dataclass
class _Item:
    labels: dict[str, bool] = field(default_factory=dict)
    rois: dict[str, list[Polygon]] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingManifest:
    """A training set.

    Parameters
    ----------
    document : the canonical content
    used : entry -> part and the label that entered
    left_out : reason -> number of labels
    counts : finding -> part -> {"positive", "negative"}, in cases
    image_counts : part -> images
    """

    document: dict[str, Any]
    used: dict[str, tuple[PartName, bool]]
    left_out: dict[str, int]
    counts: dict[str, dict[str, dict[str, int]]]
    image_counts: dict[str, int]

    def to_bytes(self) -> bytes:
        """Give the canonical JSON: equal contents have equal bytes."""
        return orjson.dumps(self.document, option=orjson.OPT_SORT_KEYS)


def manifest_of(
    labels: Iterable[CaseLabel],
    *,
    frames: Mapping[str, Sequence[Frame]],
    regions: Mapping[str, Sequence[Region]],
) -> TrainingManifest:
    """Give each label to the images that it is true of.

    - Test: every image of the case carries the case's label, because a case is judged there as in
      use, from all of its images. Only a label said before any AI output counts, and it is that
      label, with the regions drawn before AI.
    - Training and validation: "absent" is true of every image. "Present" is true of a case's only
      image; of several, of those with a region; without a region nobody said of which, so it is
      left out.

    Parameters
    ----------
    labels : at most one for each case and finding
    frames : case -> its classifiable frames
    regions : entry -> the regions of that finding in its review

    Returns
    -------
    TrainingManifest
    """
    items: dict[tuple[str, Frame], _Item] = defaultdict(_Item)
    parts: dict[str, PartName] = {}
    used: dict[str, tuple[PartName, bool]] = {}
    left_out: Counter[str] = Counter()
    counts: dict[str, dict[str, dict[str, int]]] = {}
    for label in labels:
        value = label.before_ai if label.part == "test" else label.is_present
        drawn = _regions(label, regions.get(label.entry, ()))
        targets = _targets(label, value, frames=frames.get(label.case, ()), drawn=drawn)
        if isinstance(targets, str):
            left_out[targets] += 1
            continue
        is_present = bool(value)
        used[label.entry] = (label.part, is_present)
        parts[label.case] = label.part
        _count(counts, label, is_present=is_present)
        for frame in targets:
            item = items[label.case, frame]
            item.labels[label.finding] = is_present
            if drawn.get(frame):
                item.rois[label.finding] = sorted(drawn[frame])
    rows = [
        {
            "case": case,
            "rendition_sha256": frame.rendition_sha256,
            "frame_number": frame.frame_number,
            "part": parts[case],
            "labels": item.labels,
            "rois": item.rois,
        }
        for (case, frame), item in sorted(items.items(), key=lambda pair: pair[0])
    ]
    images = Counter(str(row["part"]) for row in rows)
    return TrainingManifest(
        document={"format": FORMAT, "findings": sorted(counts), "items": rows},
        used=used,
        left_out=dict(sorted(left_out.items())),
        counts=dict(sorted(counts.items())),
        image_counts={part: images[part] for part in SHARES},
    )


def _regions(label: CaseLabel, regions: Sequence[Region]) -> dict[Frame, list[Polygon]]:
    """Sort the regions that go with a "present" by frame."""
    by_frame: dict[Frame, list[Polygon]] = defaultdict(list)
    is_test = label.part == "test"
    if not label.is_present or (is_test and not label.before_ai):
        return by_frame
    for region in regions:
        if not (is_test and region.ai_visible):
            by_frame[region.frame].append(region.polygon)
    return by_frame


def _targets(
    label: CaseLabel,
    value: bool | None,
    *,
    frames: Sequence[Frame],
    drawn: Mapping[Frame, list[Polygon]],
) -> Sequence[Frame] | LeftOut:
    """List the images that the label is true of, or say why there are none."""
    if value is None:
        return "no_label_before_ai"
    if not frames:
        return "no_image"
    if label.part == "test" or not value or len(frames) == 1:
        return frames
    return [frame for frame in frames if drawn.get(frame)] or "positive_without_roi"


def _count(
    counts: dict[str, dict[str, dict[str, int]]], label: CaseLabel, *, is_present: bool
) -> None:
    empty: dict[str, dict[str, int]] = {part: {"positive": 0, "negative": 0} for part in SHARES}
    of_part = counts.setdefault(label.finding, empty)[label.part]
    of_part["positive" if is_present else "negative"] += 1
