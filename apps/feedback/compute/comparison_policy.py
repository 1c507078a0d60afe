"""By which rules are the reads of a case compared? The policy a round pins, in plain values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from apps.feedback.compute.reads import FindingAnswer, Value

Trigger = Literal["discordant", "discordant_or_positive"]

TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)

# Lengths are differences of decimal numbers: 12.1 - 10.1 must still be within 2.0.
ROUNDING_MM: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class FindingRule:
    """How the answers to one finding are compared.

    Attributes
    ----------
    code : of the finding
    grades : in their order, least first; empty for a finding that is only present or absent
    grade_tolerance : steps of `grades` by which two readers may differ, >= 0
    compares_rois : whether regions must agree
    minimum_iou : in [0, 1]; from there on two regions are the same, 0: wherever they overlap
    length_tolerance_mm, length_tolerance_ratio : >= 0; two lengths agree within the wider of the
        two, the ratio being of the longer length; both None: lengths are not compared
    minimum_size_mm : > 0; a smaller one counts as absent; None: any size counts

    Raises
    ------
    ValueError : a number outside its range, or a grade named twice
    """

    code: str
    grades: tuple[str, ...] = ()
    grade_tolerance: int = 0
    compares_rois: bool = False
    minimum_iou: float = 0.5
    length_tolerance_mm: float | None = None
    length_tolerance_ratio: float | None = None
    minimum_size_mm: float | None = None

    def __post_init__(self) -> None:
        if len(set(self.grades)) != len(self.grades):
            raise ValueError(f"finding {self.code!r} names a grade twice: {self.grades}")
        if self.grade_tolerance < 0:
            raise ValueError(f"finding {self.code!r}: the grade tolerance is negative")
        if not 0 <= self.minimum_iou <= 1:
            raise ValueError(f"finding {self.code!r}: the minimum IoU is not in [0, 1]")
        for tolerance in (self.length_tolerance_mm, self.length_tolerance_ratio):
            if tolerance is not None and not (math.isfinite(tolerance) and tolerance >= 0):
                raise ValueError(f"finding {self.code!r}: a length tolerance is not >= 0")
        if self.minimum_size_mm is not None and not self.minimum_size_mm > 0:
            raise ValueError(f"finding {self.code!r}: the minimum size is not > 0 mm")

    @property
    def compares_lengths(self) -> bool:
        """Tell whether lengths must agree."""
        return self.length_tolerance_mm is not None or self.length_tolerance_ratio is not None

    def counted_value(self, answer: FindingAnswer) -> Value:
        """Give the value that counts: "absent" for a finding below the minimum size.

        A finding without a measured length counts as it was answered.
        """
        is_too_small = (
            self.minimum_size_mm is not None
            and answer.length_mm is not None
            and answer.length_mm < self.minimum_size_mm - ROUNDING_MM
        )
        return "absent" if answer.value == "present" and is_too_small else answer.value

    def do_grades_agree(self, first: str, second: str) -> bool:
        """Compare two grades; one outside `grades` agrees only with itself."""
        if first == second:
            return True
        if first not in self.grades or second not in self.grades:
            return False
        steps = abs(self.grades.index(first) - self.grades.index(second))
        return steps <= self.grade_tolerance

    def do_lengths_agree(self, first_mm: float | None, second_mm: float | None) -> bool:
        """Compare two lengths; one measured and one not measured disagree."""
        if not self.compares_lengths or (first_mm is None and second_mm is None):
            return True
        if first_mm is None or second_mm is None:
            return False
        allowed_mm = max(
            self.length_tolerance_mm or 0.0,
            (self.length_tolerance_ratio or 0.0) * max(first_mm, second_mm),
        )
        return abs(first_mm - second_mm) <= allowed_mm + ROUNDING_MM


@dataclass(frozen=True)
class ComparisonPolicy:
    """One rule a finding, and when an arbitrator is called.

    Attributes
    ----------
    findings : the rules, in the schema's order
    trigger : "discordant", or "discordant_or_positive" (also where any reader found something)

    Raises
    ------
    ValueError : an unknown trigger, or two rules of one finding
    """

    findings: tuple[FindingRule, ...]
    trigger: Trigger = field(default="discordant")

    def __post_init__(self) -> None:
        if self.trigger not in TRIGGERS:
            raise ValueError(f"unknown trigger {self.trigger!r}; known are {TRIGGERS}")
        codes = [rule.code for rule in self.findings]
        if len(set(codes)) != len(codes):
            raise ValueError(f"two rules of one finding: {codes}")

    def to_json(self) -> dict[str, Any]:
        """Give plain values: {"trigger", "findings": [one object a rule]}."""
        rules = [asdict(rule) | {"grades": list(rule.grades)} for rule in self.findings]
        return {"trigger": self.trigger, "findings": rules}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> ComparisonPolicy:
        """Read what `to_json` gave; what a rule does not say has its default.

        Raises
        ------
        ValueError : a value outside its range
        TypeError : a key that no rule has
        """
        rules = tuple(
            FindingRule(**{**rule, "grades": tuple(rule.get("grades") or ())})
            for rule in content["findings"]
        )
        return cls(rules, content.get("trigger", "discordant"))
