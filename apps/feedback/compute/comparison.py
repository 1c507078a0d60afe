"""Do the reads of a case agree, and is an arbitrator called? One answer a finding, with reasons.

The reads stay as they are; the order in which they are given only names them (0, 1, ...).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Final, Literal, NamedTuple, get_args

from apps.feedback.compute.comparison_policy import ComparisonPolicy as ComparisonPolicy
from apps.feedback.compute.comparison_policy import FindingRule as FindingRule
from apps.feedback.compute.reads import CaseRead, FindingAnswer
from apps.feedback.compute.roi_matching import match_regions

Reason = Literal["unreadable", "unanswered", "value", "grade", "roi_unmatched", "length"]

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)


@dataclass(frozen=True)
class RegionPlace:
    """A region: which read, which of its regions of the finding (from 0), under which name."""

    read: int
    region: int
    roi_id: str


@dataclass(frozen=True)
class MatchedRegions:
    """Two readers' regions that agree; IoU in (0, 1]."""

    first: RegionPlace
    second: RegionPlace
    iou: float


@dataclass(frozen=True)
class UnmatchedRegion:
    """A region for which the read `other_read` has no agreeing one."""

    place: RegionPlace
    other_read: int


@dataclass(frozen=True)
class FindingComparison:
    """How the readable reads agree on one finding.

    Attributes
    ----------
    code : of the finding
    reasons : why they do not agree, in the order of REASONS; empty: they agree
    worst_iou : the smallest overlap over all pairs of readers (see RegionMatching); None where no
        regions were compared
    matches, unmatched : the regions of all pairs of readers
    """

    code: str
    reasons: tuple[Reason, ...]
    worst_iou: float | None = None
    matches: tuple[MatchedRegions, ...] = ()
    unmatched: tuple[UnmatchedRegion, ...] = ()

    @property
    def is_concordant(self) -> bool:
        """Tell whether the readers agree on the finding."""
        return not self.reasons


@dataclass(frozen=True)
class CaseComparison:
    """How the reads of one case agree.

    Attributes
    ----------
    findings : one a rule, in the policy's order
    reasons : why the case is discordant as a whole: ("unreadable",) where some readers could read
        it and some could not, else empty
    is_unreadable : no reader could read it
    needs_arbitration : by the policy's trigger
    """

    findings: tuple[FindingComparison, ...]
    reasons: tuple[Reason, ...]
    is_unreadable: bool
    needs_arbitration: bool

    @property
    def is_concordant(self) -> bool:
        """Tell whether the readers agree on everything."""
        return not self.reasons and all(finding.is_concordant for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Give plain values; `is_concordant` is told, too, for whoever reads the JSON alone."""
        findings = [
            asdict(finding) | {"is_concordant": finding.is_concordant} for finding in self.findings
        ]
        return {
            "is_concordant": self.is_concordant,
            "is_unreadable": self.is_unreadable,
            "needs_arbitration": self.needs_arbitration,
            "reasons": list(self.reasons),
            "findings": [_lists(finding) for finding in findings],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> CaseComparison:
        """Read what `to_json` gave."""
        return cls(
            findings=tuple(_finding_from_json(finding) for finding in content["findings"]),
            reasons=tuple(content["reasons"]),
            is_unreadable=content["is_unreadable"],
            needs_arbitration=content["needs_arbitration"],
        )


def compare(reads: Sequence[CaseRead], policy: ComparisonPolicy) -> CaseComparison:
    """Compare all pairs of reads of one case.

    Parameters
    ----------
    reads : one or more; a single read agrees with itself
    policy : the rules; findings without a rule are not compared

    Returns
    -------
    CaseComparison. A case that nobody could read is concordant and unreadable. Where only some
    could, it is discordant, and the others' answers are compared among themselves.

    Raises
    ------
    ValueError : no read
    """
    if not reads:
        raise ValueError("there is no read to compare")
    readable = [place for place, read in enumerate(reads) if not read.is_unreadable]
    findings = tuple(_compare_finding(reads, readable, rule) for rule in policy.findings)
    is_split = 0 < len(readable) < len(reads)
    is_discordant = is_split or not all(finding.is_concordant for finding in findings)
    is_positive = any(_is_positive(reads[place], policy) for place in readable)
    return CaseComparison(
        findings=findings,
        reasons=("unreadable",) if is_split else (),
        is_unreadable=not readable,
        needs_arbitration=is_discordant
        or (is_positive and policy.trigger == "discordant_or_positive"),
    )


class _Said(NamedTuple):
    """What one read says of the finding at hand."""

    read: int
    answer: FindingAnswer


class _RegionComparison(NamedTuple):
    worst_iou: float | None
    matches: tuple[MatchedRegions, ...]
    unmatched: tuple[UnmatchedRegion, ...]


def _compare_finding(
    reads: Sequence[CaseRead], readable: Sequence[int], rule: FindingRule
) -> FindingComparison:
    answers = {place: reads[place].answer(rule.code) for place in readable}
    said = [_Said(place, answer) for place, answer in answers.items() if answer is not None]
    reasons: set[Reason] = set()
    if 0 < len(said) < len(readable):
        reasons.add("unanswered")
    compared: list[_RegionComparison] = []
    for first, second in combinations(said, 2):
        reasons |= _reasons(first.answer, second.answer, rule)
        if rule.compares_rois and _are_both_present(first.answer, second.answer, rule):
            compared.append(_compare_regions(first, second, rule))
    unmatched = tuple(region for pair in compared for region in pair.unmatched)
    if unmatched:
        reasons.add("roi_unmatched")
    overlaps = [pair.worst_iou for pair in compared if pair.worst_iou is not None]
    return FindingComparison(
        code=rule.code,
        reasons=tuple(reason for reason in REASONS if reason in reasons),
        worst_iou=min(overlaps, default=None),
        matches=tuple(match for pair in compared for match in pair.matches),
        unmatched=unmatched,
    )


def _reasons(first: FindingAnswer, second: FindingAnswer, rule: FindingRule) -> set[Reason]:
    if rule.counted_value(first) != rule.counted_value(second):
        return {"value"}
    reasons: set[Reason] = set()
    if _are_both_present(first, second, rule):
        if not rule.do_grades_agree(first.grade, second.grade):
            reasons.add("grade")
        if not rule.do_lengths_agree(first.length_mm, second.length_mm):
            reasons.add("length")
    return reasons


def _are_both_present(first: FindingAnswer, second: FindingAnswer, rule: FindingRule) -> bool:
    return rule.counted_value(first) == rule.counted_value(second) == "present"


def _compare_regions(first: _Said, second: _Said, rule: FindingRule) -> _RegionComparison:
    matching = match_regions(
        first.answer.regions, second.answer.regions, minimum_iou=rule.minimum_iou
    )
    return _RegionComparison(
        worst_iou=matching.worst_iou,
        matches=tuple(
            MatchedRegions(_place(first, pair.first), _place(second, pair.second), pair.iou)
            for pair in matching.pairs
        ),
        unmatched=(
            *(UnmatchedRegion(_place(first, i), second.read) for i in matching.first_unmatched),
            *(UnmatchedRegion(_place(second, i), first.read) for i in matching.second_unmatched),
        ),
    )


def _place(said: _Said, region: int) -> RegionPlace:
    return RegionPlace(said.read, region, said.answer.regions[region].roi_id)


def _is_positive(read: CaseRead, policy: ComparisonPolicy) -> bool:
    answers = ((rule, read.answer(rule.code)) for rule in policy.findings)
    return any(
        answer is not None and rule.counted_value(answer) == "present" for rule, answer in answers
    )


def _lists(finding: dict[str, Any]) -> dict[str, Any]:
    """Tuples become lists, so that what is stored equals what was given."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in finding.items()
    }


def _finding_from_json(content: Mapping[str, Any]) -> FindingComparison:
    return FindingComparison(
        code=content["code"],
        reasons=tuple(content["reasons"]),
        worst_iou=content["worst_iou"],
        matches=tuple(
            MatchedRegions(
                RegionPlace(**match["first"]), RegionPlace(**match["second"]), match["iou"]
            )
            for match in content["matches"]
        ),
        unmatched=tuple(
            UnmatchedRegion(RegionPlace(**region["place"]), region["other_read"])
            for region in content["unmatched"]
        ),
    )
