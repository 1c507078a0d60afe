"""Statistics of a round's released cases. Loads scipy: for workers only.

Everything is counted as the comparison counted it: a finding below its smallest size is absent.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from apps.cases.models import Finding
from apps.feedback.compute.agreement import finding_agreement
from apps.feedback.compute.comparison import FindingRule
from apps.feedback.compute.consensus import dawid_skene
from apps.feedback.compute.distributions import distribution, iou_distribution
from apps.feedback.compute.ratings import Rating, RatingTable
from apps.feedback.compute.readers import (
    ReadCount,
    anchoring,
    arbitration_rate,
    disagreement_chart,
    intra_reader_agreement,
    reader_confusion,
)
from apps.feedback.compute.reads import VALUES, CaseRead, case_read
from apps.feedback.compute.round_policy import RoundRules, read_rules
from apps.feedback.labeling.models.rounds import Comparison, ReadingRound, RoundCase
from apps.feedback.labeling.models.verdicts import ArbitrationDecision, Consensus, Value
from apps.feedback.labeling.selectors.facts import SaidRead, final_reads
from apps.feedback.labeling.selectors.results import pseudonyms, released_cases

Purpose = RoundCase.Purpose
# One bin a step of reading, up to what nobody's attention lasts.
TIME_EDGES: Final = (0, 10, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800)
_UNKNOWN: Final = "Former reader"


@dataclass
class _Round:
    """The facts of a round, loaded once."""

    cases: dict[UUID, RoundCase]
    said: dict[UUID, list[SaidRead]]
    names: dict[UUID, str]
    rules: dict[UUID, RoundRules]
    findings: list[Finding]
    consensus: dict[UUID, Consensus]
    comparisons: dict[UUID, Comparison]
    labels: dict[str, dict[UUID, str]] = field(default_factory=dict)

    def name(self, user: UUID) -> str:
        return self.names.get(user, _UNKNOWN)

    def patient(self, case: UUID) -> str:
        return str(self.cases[case].case.study.patient_id)

    def value(self, case: UUID, said: CaseRead, code: str) -> str | None:
        """Give what a read says of a finding, as the case's policy counts it."""
        answer = said.answer(code)
        if said.is_unreadable or answer is None:
            return None
        rule = self.rules[case].rule_of(code)
        size = rule.minimum_size_mm if rule else None
        return FindingRule(code=code, minimum_size_mm=size).counted_value(answer)


def round_statistics(reading_round: ReadingRound) -> dict[str, Any]:
    """Compute a report's content, plain values; see frontend/src/api/roundResults.ts."""
    facts = _load(reading_round)
    known = _Known.of(reading_round, facts)
    reads = [(case, each) for case, given in facts.said.items() for each in given]
    return {
        "cases": len(facts.cases),
        "patients": len({facts.patient(case) for case in facts.cases}),
        "reads": len(reads),
        "arbitration": arbitration_rate(
            each.needs_arbitration for each in facts.comparisons.values()
        ).to_json(),
        "methods": {
            method: sum(each.method == method for each in facts.consensus.values())
            for method in Consensus.Method.values
        },
        "unreadable": sum(each.is_unreadable for each in facts.consensus.values()),
        "findings": [_finding(finding, facts, known) for finding in facts.findings],
        "disagreement": _disagreement(reading_round, facts),
        "anchoring": _anchoring(facts),
        "time_s": _times(facts, reads),
    }


def _load(reading_round: ReadingRound) -> _Round:
    cases = {
        each.pk: each
        for each in released_cases(reading_round).select_related("case__study", "policy")
    }
    rules_of: dict[UUID, RoundRules] = {}
    for policy in reading_round.policies.all():
        rules_of[policy.pk] = read_rules(policy.content)
    consensus = {
        each.round_case_id: each
        for each in Consensus.objects.filter(
            round_case__in=released_cases(reading_round)
        ).prefetch_related("labels__finding")
    }
    rules = {pk: rules_of[each.policy_id] for pk, each in consensus.items()}
    asked = {rule.code for each in rules.values() for rule in each.findings}
    findings = Finding.objects.filter(project=reading_round.project_id, code__in=asked)
    facts = _Round(
        cases=cases,
        said=final_reads(cases.values()),
        names=pseudonyms(reading_round),
        rules=rules,
        findings=list(findings.order_by("position", "code")),
        consensus=consensus,
        comparisons={
            each.round_case_id: each
            for each in Comparison.objects.filter(round_case__in=released_cases(reading_round))
        },
    )
    facts.labels = {finding.code: {} for finding in facts.findings}
    for case, sealed in consensus.items():
        for label in sealed.labels.all():
            facts.labels.setdefault(label.finding.code, {})[case] = label.value
    return facts


@dataclass(frozen=True)
class _Known:
    """Reads of gold cases beside what is true, and second reads beside the first."""

    gold: list[tuple[UUID, SaidRead, CaseRead]]
    rereads: list[tuple[UUID, SaidRead, SaidRead]]

    @classmethod
    def of(cls, reading_round: ReadingRound, facts: _Round) -> "_Known":
        golden = RoundCase.objects.filter(
            round=reading_round, purpose=Purpose.GOLD, gold__isnull=False
        ).select_related("gold")
        truths = {each.pk: case_read(each.gold.content) for each in golden}
        gold = [
            (case, said, truths[case])
            for case, given in final_reads(golden).items()
            for said in given
        ]
        again = RoundCase.objects.filter(
            round=reading_round, purpose=Purpose.REREAD, rereads__in=list(facts.cases)
        )
        first_of = {each.pk: each.rereads_id for each in again if each.rereads_id}
        rereads = []
        for case, given in final_reads(again).items():
            first = first_of[case]
            for second in given:
                rereads += [
                    (first, said, second)
                    for said in facts.said.get(first, ())
                    if said.read.reader_id == second.read.reader_id
                ]
        return cls(gold, rereads)


def _finding(finding: Finding, facts: _Round, known: _Known) -> dict[str, Any]:
    code = finding.code
    ratings, grades = [], []
    for case, given in facts.said.items():
        for said in given:
            value = facts.value(case, said.content, code)
            if value is None:
                continue
            who = (str(case), facts.patient(case), facts.name(said.read.reader_id))
            ratings.append(Rating(*who, value))
            answer = said.content.answer(code)
            if value == Value.PRESENT and answer and answer.grade in finding.grades:
                grades.append(Rating(*who, answer.grade))
    table = RatingTable.of(ratings, VALUES)
    compared = [
        found
        for each in facts.comparisons.values()
        for found in each.detail["findings"]
        if found["code"] == code
    ]
    return {
        "code": code,
        "categories": list(VALUES),
        **finding_agreement(table, is_ordered=False).to_json(),
        "grades": _grades(grades, tuple(finding.grades)),
        "iou": iou_distribution(
            [min(1.0, match["iou"]) for found in compared for match in found["matches"]]
        ).to_json(),
        "unmatched_regions": sum(len(found["unmatched"]) for found in compared),
        "readers": _readers(code, ratings, facts, known),
        "dawid_skene": dawid_skene(ratings, VALUES).to_json() if ratings else None,
    }


def _grades(ratings: Sequence[Rating], grades: tuple[str, ...]) -> dict[str, Any] | None:
    if len(grades) < 2:
        return None
    agreement = finding_agreement(RatingTable.of(ratings, grades), is_ordered=True)
    return {"categories": list(grades), **agreement.to_json()}


def _readers(
    code: str, ratings: Sequence[Rating], facts: _Round, known: _Known
) -> list[dict[str, Any]]:
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    for rating in ratings:
        answers[rating.reader][rating.case] = rating.label
    reference = {str(case): value for case, value in facts.labels[code].items()}
    gold: dict[str, dict[str, str]] = defaultdict(dict)
    truth: dict[str, str] = {}
    for case, said, right in known.gold:
        answer, true = said.content.answer(code), right.answer(code)
        if answer and true and not said.content.is_unreadable:
            gold[facts.name(said.read.reader_id)][str(case)] = answer.value
            truth[str(case)] = true.value
    firsts: dict[str, dict[str, str]] = defaultdict(dict)
    seconds: dict[str, dict[str, str]] = defaultdict(dict)
    for case, first, second in known.rereads:
        name = facts.name(first.read.reader_id)
        before = facts.value(case, first.content, code)
        after = facts.value(case, second.content, code)
        if before is not None and after is not None:
            firsts[name][str(case)], seconds[name][str(case)] = before, after
    patients = {str(case): facts.patient(case) for case in facts.cases}
    return [
        {
            "reader": name,
            "consensus": reader_confusion(answers[name], reference, VALUES).to_json(),
            "gold": reader_confusion(gold[name], truth, VALUES).to_json(),
            "reread": [
                each.to_json()
                for each in intra_reader_agreement(
                    firsts[name], seconds[name], patients=patients, categories=VALUES
                )
            ],
        }
        for name in sorted(answers.keys() | gold.keys(), key=_in_order)
    ]


def _disagreement(reading_round: ReadingRound, facts: _Round) -> dict[str, Any]:
    """Count for each reader the cases in which an arbitrator said otherwise."""
    read: Counter[str] = Counter()
    overruled: Counter[str] = Counter()
    for case, given in facts.said.items():
        sealed = facts.consensus[case]
        is_arbitrated = sealed.method in {Consensus.Method.ARBITRATED, Consensus.Method.PANEL}
        for said in given:
            name = facts.name(said.read.reader_id)
            read[name] += 1
            if is_arbitrated and _is_overruled(case, said.content, sealed, facts):
                overruled[name] += 1
    planned = RoundCase.objects.filter(round=reading_round, purpose=Purpose.PRIMARY).exclude(
        state__in=[RoundCase.State.CANCELLED, RoundCase.State.REOPENED]
    )
    counts = {name: ReadCount(overruled[name], count) for name, count in read.items()}
    chart = disagreement_chart(
        counts, planned_reads=sum(planned.values_list("readers", flat=True))
    ).to_json()
    chart["readers"].sort(key=lambda each: _in_order(each["reader"]))
    return chart


def _is_overruled(case: UUID, said: CaseRead, sealed: Consensus, facts: _Round) -> bool:
    if said.is_unreadable != sealed.is_unreadable:
        return True
    decided = {code: labels[case] for code, labels in facts.labels.items() if case in labels}
    return any(
        value != Value.INDETERMINATE and (own := facts.value(case, said, code)) and own != value
        for code, value in decided.items()
    )


def _anchoring(facts: _Round) -> dict[str, Any]:
    """Compare what arbitrators decided with what they had said blind.

    What both readers agreed on was not theirs to decide, and what they left open was no answer.
    """
    decisions = (
        ArbitrationDecision.objects.filter(
            arbitration__round_case__in=list(facts.cases), finding__isnull=False
        )
        .exclude(choice=ArbitrationDecision.Choice.AGREED)
        .exclude(blind_value=Value.INDETERMINATE)
        .select_related("arbitration")
    )
    changes: list[tuple[str, bool]] = []
    by_person: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for each in decisions.order_by("created_at", "pk"):
        change = (facts.patient(each.arbitration.round_case_id), each.value != each.blind_value)
        changes.append(change)
        arbitrator = each.arbitration.arbitrator_id
        by_person[facts.name(arbitrator) if arbitrator else _UNKNOWN].append(change)
    return {
        "all": anchoring(changes).to_json(),
        "arbitrators": [
            {"arbitrator": name, **anchoring(by_person[name]).to_json()}
            for name in sorted(by_person, key=_in_order)
        ],
    }


def _times(facts: _Round, reads: Sequence[tuple[UUID, SaidRead]]) -> dict[str, Any]:
    by_reader: Mapping[str, list[float]] = defaultdict(list)
    for _, said in reads:
        by_reader[facts.name(said.read.reader_id)].append(said.lock.active_s)
    # the last bin reaches as far as the slowest read
    slowest = max((said.lock.active_s for _, said in reads), default=0.0)
    edges = [*TIME_EDGES[:-1], max(float(TIME_EDGES[-1]), slowest)]
    return {
        "all": distribution([said.lock.active_s for _, said in reads], bin_edges=edges).to_json(),
        "readers": [
            {"reader": name, **distribution(by_reader[name], bin_edges=edges).to_json()}
            for name in sorted(by_reader, key=_in_order)
        ],
    }


def _in_order(name: str) -> tuple[str, int]:
    """Sort "Reader 2" before "Reader 10"."""
    called, _, number = name.rpartition(" ")
    return (called, int(number)) if number.isdigit() else (name, 0)
