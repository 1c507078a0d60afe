"""The rules of a round as data: how many read, what is compared, who decides, when it counts.

A policy is a versioned JSON document (RoundPolicy.content); this module is its one reading.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from apps.errors import Invalid

TRIGGERS: Final = ("discordant", "discordant_or_positive")
RELEASES: Final = ("round_closed", "each_case", "manual")
ROI_METHODS: Final = ("majority", "staple")
PANEL_SEATS: Final = 3
MOST_READERS: Final = 9


@dataclass(frozen=True, kw_only=True)
class FindingRule:
    """What a round asks about one finding, and when two answers agree."""

    code: str
    needs_roi: bool = False
    needs_measurement: bool = False
    minimum_size_mm: float | None = None
    compares_rois: bool = False
    minimum_iou: float = 0.5
    grade_tolerance: int = 0
    length_tolerance_mm: float = 2.0
    length_tolerance_ratio: float = 0.2


@dataclass(frozen=True, kw_only=True)
class RoundRules:
    """The content of a policy version; times in seconds and days, shares from 0 to 1."""

    findings: Sequence[FindingRule]
    readers_per_case: int = 2
    multiply_read_share: float = 1.0
    trigger: str = "discordant"
    seats: int = 1
    roi_method: str = "majority"
    reread_share: float = 0.0
    washout_days: float = 14.0
    gold_share: float = 0.0
    qualification_pass_share: float = 0.8
    lease_s: int = 1800
    daily_cap: int | None = None
    cap: int | None = None
    release: str = "round_closed"
    shows_result_to_reader: bool = False
    quality_flags: Sequence[str] = field(
        default=("rotation", "motion", "exposure", "coverage", "artefact", "foreign_object")
    )

    def rule_of(self, code: str) -> FindingRule | None:
        """Give the rule of a finding; None for one that the round does not ask about."""
        return next((rule for rule in self.findings if rule.code == code), None)

    def to_json(self) -> dict[str, Any]:
        """Give the JSON document."""
        return {
            **asdict(self),
            "findings": [asdict(rule) for rule in self.findings],
            "quality_flags": list(self.quality_flags),
        }


def read_rules(content: Mapping[str, Any]) -> RoundRules:
    """Read and check a policy document.

    Raises
    ------
    Invalid : a field that no policy has, a missing finding, or a value out of its range; `fields`
        says which
    """
    known = {name for name in RoundRules.__dataclass_fields__ if name != "findings"}
    unknown = set(content) - known - {"findings"}
    if unknown:
        raise _invalid(sorted(unknown)[0], "No policy has this field.")
    try:
        findings = tuple(FindingRule(**rule) for rule in content.get("findings", ()))
        rules = RoundRules(
            findings=findings, **{name: content[name] for name in known & set(content)}
        )
    except TypeError as error:
        raise _invalid("findings", "Each finding needs a code and only known fields.") from error
    _check(rules)
    return rules


def _check(rules: RoundRules) -> None:
    codes = [rule.code for rule in rules.findings]
    if not codes or len(set(codes)) < len(codes):
        raise _invalid("findings", "Name at least one finding, each once.")
    _within("readers_per_case", rules.readers_per_case, 1, MOST_READERS, whole=True)
    _within("lease_s", rules.lease_s, 60, 86_400, whole=True)
    _within("washout_days", rules.washout_days, 0, 3650)
    shares = (
        "multiply_read_share", "reread_share", "gold_share", "qualification_pass_share"
    )  # fmt: skip
    for name in shares:
        _within(name, getattr(rules, name), 0, 1)
    for name in ("cap", "daily_cap"):
        if getattr(rules, name) is not None:
            _within(name, getattr(rules, name), 1, 1_000_000, whole=True)
    _one_of("trigger", rules.trigger, TRIGGERS)
    _one_of("release", rules.release, RELEASES)
    _one_of("roi_method", rules.roi_method, ROI_METHODS)
    _one_of("seats", rules.seats, (1, PANEL_SEATS))
    for rule in rules.findings:
        _check_finding(rule)


def _check_finding(rule: FindingRule) -> None:
    _within("minimum_iou", rule.minimum_iou, 0, 1)
    _within("grade_tolerance", rule.grade_tolerance, 0, 100, whole=True)
    _within("length_tolerance_mm", rule.length_tolerance_mm, 0, 1000)
    _within("length_tolerance_ratio", rule.length_tolerance_ratio, 0, 1)
    if rule.minimum_size_mm is not None:
        _within("minimum_size_mm", rule.minimum_size_mm, 0.01, 1000)


def _within(name: str, value: Any, low: float, high: float, *, whole: bool = False) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        raise _invalid(name, f"A number from {low} to {high}.")
    if whole and int(value) != value:
        raise _invalid(name, "A whole number.")


def _one_of(name: str, value: Any, allowed: Sequence[Any]) -> None:
    if value not in allowed:
        raise _invalid(name, f"One of {', '.join(map(str, allowed))}.")


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", code="invalid_policy", fields={name: [message]})
