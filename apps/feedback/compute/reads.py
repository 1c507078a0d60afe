"""What did one reader say of one case? The plain form that comparison and statistics share.

It is built from the stored JSON of a locked read. Nothing here loads more than the standard
library, so a service may call `case_read` to judge a read before it is locked.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

Value = Literal["present", "absent", "not_assessable"]

VALUES: Final[tuple[Value, ...]] = get_args(Value)

# Of one read, of one region.
MAXIMUM_MARKS: Final = 200
MAXIMUM_VERTICES: Final = 400

Vertex = tuple[float, float]


@dataclass(frozen=True)
class Region:
    """A region on one frame.

    Attributes
    ----------
    image : SOP Instance UID
    frame_number : from 1
    vertices : image points (column, row), 0,0 at the outer corner of the first pixel; a closed
        polygon without its first point repeated
    roi_id : the reader's own name of it; two readers' regions may be equal under two names
    """

    image: str
    frame_number: int
    vertices: tuple[Vertex, ...]
    roi_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class FindingAnswer:
    """What one reader said of one finding.

    Attributes
    ----------
    value : "present", "absent" or "not_assessable"
    grade : one of the finding's grades, or ""
    confidence : 1 to 5, or None
    regions : every region that the reader drew for the finding
    length_mm : the longest measurement; None without one, or where the image has no spacing
    """

    value: Value
    grade: str = ""
    confidence: int | None = None
    regions: tuple[Region, ...] = ()
    length_mm: float | None = None


ABSENT: Final = FindingAnswer("absent")


@dataclass(frozen=True)
class CaseRead:
    """One read.

    Attributes
    ----------
    findings : finding code -> answer, as far as the reader answered
    is_unreadable : the reader could not read the case; what else was answered does not count
    is_nothing_found : the reader said so of all findings at once
    """

    findings: Mapping[str, FindingAnswer]
    is_unreadable: bool
    is_nothing_found: bool = False

    def answer(self, finding: str) -> FindingAnswer | None:
        """Give the answer to a finding; None if the reader left it open."""
        if self.is_nothing_found:
            return self.findings.get(finding, ABSENT)
        return self.findings.get(finding)


def case_read(content: Mapping[str, Any]) -> CaseRead:
    """Take a read out of its stored JSON.

    Parameters
    ----------
    content : "answers", "rois", "measurements", "nothing_found", "unreadable"; other keys (quality,
        comment) say nothing about a finding and are left out. Absent keys count as empty.

    Returns
    -------
    CaseRead; of several measurements of one finding the longest counts. Of an unreadable case
    nothing else is taken, whatever had been drawn before the reader gave up.

    Raises
    ------
    ValueError : an unknown value, a confidence outside 1 to 5, a length that is not a positive
        number, two answers to one finding, a region or measurement of a finding without an answer
    """
    if content.get("unreadable", False):
        return CaseRead(findings={}, is_unreadable=True)
    regions = _regions(content.get("rois", ()))
    lengths_mm = _longest_mm(content.get("measurements", ()))
    findings: dict[str, FindingAnswer] = {}
    for answer in content.get("answers", ()):
        code = str(answer["finding"])
        if code in findings:
            raise ValueError(f"finding {code!r} is answered twice")
        findings[code] = FindingAnswer(
            value=_value(answer["value"], finding=code),
            grade=str(answer.get("grade") or ""),
            confidence=_confidence(answer.get("confidence"), finding=code),
            regions=tuple(regions.get(code, ())),
            length_mm=lengths_mm.get(code),
        )
    unanswered = sorted((set(regions) | set(lengths_mm)) - set(findings))
    if unanswered:
        raise ValueError(f"regions or measurements of findings without an answer: {unanswered}")
    return CaseRead(
        findings=findings,
        is_unreadable=False,
        is_nothing_found=bool(content.get("nothing_found", False)),
    )


def _regions(rois: Iterable[Mapping[str, Any]]) -> dict[str, list[Region]]:
    regions: dict[str, list[Region]] = defaultdict(list)
    for roi in rois:
        regions[str(roi["finding"])].append(
            Region(
                image=str(roi["sop_instance_uid"]),
                frame_number=int(roi["frame_number"]),
                vertices=tuple((float(column), float(row)) for column, row in roi["vertices"]),
                roi_id=str(roi.get("roi_id", "")),
            )
        )
    return regions


def _longest_mm(measurements: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    longest: dict[str, float | None] = {}
    for measurement in measurements:
        finding, length_mm = str(measurement["finding"]), measurement.get("length_mm")
        if length_mm is not None and not (math.isfinite(length_mm) and length_mm > 0):
            raise ValueError(f"length of finding {finding!r} is not a positive number: {length_mm}")
        known = [mm for mm in (longest.get(finding), length_mm) if mm is not None]
        longest[finding] = max(known, default=None)
    return longest


def _value(value: Any, *, finding: str) -> Value:
    for known in VALUES:
        if value == known:
            return known
    raise ValueError(f"finding {finding!r} has the unknown value {value!r}; known are {VALUES}")


def _confidence(confidence: Any, *, finding: str) -> int | None:
    if confidence is None:
        return None
    if isinstance(confidence, int) and not isinstance(confidence, bool) and 1 <= confidence <= 5:
        return confidence
    raise ValueError(f"confidence of finding {finding!r} is not 1 to 5: {confidence!r}")
