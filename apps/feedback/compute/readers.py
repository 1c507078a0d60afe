"""How well does each reader read? Errors against a reference, alarms, consistency, time.

Of released cases only; who may see it is not this file's question.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from apps.feedback.compute.agreement import cohen_kappa, gwet_ac1, raw_agreement
from apps.feedback.compute.coefficient import DEFAULT_RESAMPLING, Coefficient, Resampling
from apps.feedback.compute.intervals import (
    Interval,
    Proportion,
    patient_bootstrap,
    wilson_interval,
)
from apps.feedback.compute.ratings import Rating, RatingTable

# From a tenth of the planned reads on, the index tells a reader from chance (Cohen, Gonen & Ford
# 2015; Applied Clinical Trials 2010).
USABLE_SHARE: Final = 0.10
# Shewhart's limits.
LIMIT_SIGMA: Final = 3.0


@dataclass(frozen=True)
class ReaderConfusion:
    """A reader's answers to one finding against a reference.

    Attributes
    ----------
    categories : the labels
    counts : row of the reference -> number of each answer
    accuracy : share of equal answers
    sensitivity, specificity : share of the reference's "present" ("absent") that the reader called
        so; "not_assessable" is no such call
    left_out : cases whose reference is none of the categories (indeterminate, say)
    """

    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    accuracy: Proportion
    sensitivity: Proportion
    specificity: Proportion
    left_out: int

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "categories": list(self.categories),
            "counts": [list(row) for row in self.counts],
            "accuracy": self.accuracy.to_json(),
            "sensitivity": self.sensitivity.to_json(),
            "specificity": self.specificity.to_json(),
            "left_out": self.left_out,
        }


def reader_confusion(
    answers: Mapping[str, str], reference: Mapping[str, str], categories: Sequence[str]
) -> ReaderConfusion:
    """Count a reader's answers against consensus or gold.

    Parameters
    ----------
    answers : case -> the reader's label
    reference : case -> the label that counts; cases without one are not judged
    categories : the labels that a reader can give

    Returns
    -------
    ReaderConfusion, with Wilson's intervals

    Raises
    ------
    ValueError : an answer outside the categories
    """
    unknown = sorted(set(answers.values()) - set(categories))
    if unknown:
        raise ValueError(f"answers {unknown} are none of {tuple(categories)}")
    places = {label: place for place, label in enumerate(categories)}
    counts = np.zeros((len(categories), len(categories)), int)
    left_out = 0
    for case, answer in answers.items():
        truth = reference.get(case)
        if truth in places:
            counts[places[truth], places[answer]] += 1
        elif truth is not None:
            left_out += 1

    def recall(label: str) -> Proportion:
        if label not in places:
            return Proportion(0, 0)
        row = counts[places[label]]
        return Proportion(int(row[places[label]]), int(row.sum()))

    return ReaderConfusion(
        categories=tuple(categories),
        counts=tuple(tuple(int(count) for count in row) for row in counts),
        accuracy=Proportion(int(np.trace(counts)), int(counts.sum())),
        sensitivity=recall("present"),
        specificity=recall("absent"),
        left_out=left_out,
    )


@dataclass(frozen=True)
class ReadCount:
    """How many cases a reader read, and in how many an arbitrator disagreed with the reader."""

    overruled: int
    read: int


@dataclass(frozen=True)
class DisagreementIndex:
    """One reader's reader disagreement index.

    Attributes
    ----------
    index : cases where the arbitrator disagreed with the reader, of the cases read
    lower_limit, upper_limit : of the p-chart at the reader's number of cases, within [0, 1]
    is_above_alarm : the index exceeds the mean of the readers by more than their SD
    is_outside_limits : chance does not explain it
    """

    reader: str
    index: Proportion
    lower_limit: float
    upper_limit: float
    is_above_alarm: bool
    is_outside_limits: bool


@dataclass(frozen=True)
class DisagreementChart:
    """The reader disagreement indices of a round.

    Attributes
    ----------
    readers : those with a case read, by name
    center : overruled of read, over all readers; None without a read
    alarm_limit : mean of the readers' indices + their standard deviation (n - 1); None below two
    is_usable : enough has been read for alarms to mean something; until then nobody is alarmed
    """

    readers: tuple[DisagreementIndex, ...]
    center: float | None
    alarm_limit: float | None
    is_usable: bool

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "readers": [asdict(one) | {"index": one.index.to_json()} for one in self.readers],
            "center": self.center,
            "alarm_limit": self.alarm_limit,
            "is_usable": self.is_usable,
        }


def disagreement_chart(counts: Mapping[str, ReadCount], *, planned_reads: int) -> DisagreementChart:
    """Compare the readers by how often an arbitrator disagreed with them.

    Parameters
    ----------
    counts : reader -> counts
    planned_reads : of the whole round; the chart is usable from a tenth of them on

    Returns
    -------
    DisagreementChart

    Raises
    ------
    ValueError : more cases overruled than read

    Source: index and alarm of Sharma et al. 2019 (index > mean + SD); limits of the p-chart,
    p +- 3 sqrt(p (1 - p) / n), Montgomery, Introduction to Statistical Quality Control, 7.2.
    """
    indices = {
        reader: Proportion(count.overruled, count.read)
        for reader, count in sorted(counts.items())
        if count.read
    }
    total = sum(index.total for index in indices.values())
    if not total:
        return DisagreementChart((), None, None, is_usable=False)
    center = sum(index.count for index in indices.values()) / total
    values = [index.count / index.total for index in indices.values()]
    alarm = float(np.mean(values) + np.std(values, ddof=1)) if len(values) > 1 else None
    is_usable = total >= USABLE_SHARE * planned_reads
    readers = tuple(
        _judged(reader, index, center=center, alarm=alarm, is_usable=is_usable)
        for reader, index in indices.items()
    )
    return DisagreementChart(readers, center, alarm, is_usable)


def _judged(
    reader: str, index: Proportion, *, center: float, alarm: float | None, is_usable: bool
) -> DisagreementIndex:
    reach = LIMIT_SIGMA * math.sqrt(center * (1 - center) / index.total)
    lower, upper = max(0.0, center - reach), min(1.0, center + reach)
    value = index.count / index.total
    # Equal indices must not exceed their own mean by a rounding.
    is_above = alarm is not None and value > alarm + 1e-12
    is_outside = not lower - 1e-12 <= value <= upper + 1e-12
    return DisagreementIndex(
        reader, index, lower, upper, is_usable and is_above, is_usable and is_outside
    )


def intra_reader_agreement(
    first: Mapping[str, str],
    second: Mapping[str, str],
    *,
    patients: Mapping[str, str],
    categories: Sequence[str],
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> tuple[Coefficient, ...]:
    """How a reader agrees with the same reader at the hidden re-read.

    Parameters
    ----------
    first, second : case -> label at the first read and at the re-read; cases in both count
    patients : case -> patient
    categories : the labels that were possible

    Returns
    -------
    raw agreement, Cohen's kappa and AC1
    """
    ratings = [
        Rating(case, patients[case], name, labels[case])
        for name, labels in (("first", first), ("second", second))
        for case in first.keys() & second.keys()
    ]
    table = RatingTable.of(ratings, categories)
    if not table.cases:
        table = RatingTable(table.categories, (), (), ("first", "second"), np.zeros((0, 2), int))
    return (
        raw_agreement(table, resampling),
        cohen_kappa(table, resampling=resampling),
        gwet_ac1(table, resampling),
    )


def arbitration_rate(needs_arbitration: Iterable[bool]) -> Proportion:
    """Share of the compared cases that went to an arbitrator."""
    flags = list(needs_arbitration)
    return Proportion(sum(flags), len(flags))


@dataclass(frozen=True)
class ChangedShare:
    """How often an arbitrator left the own blind answer after seeing the others'.

    Attributes
    ----------
    changed, answers : own blind answers that were changed, of all
    value : the share; None without an answer
    interval : 95 %; None without an answer
    """

    changed: int
    answers: int
    value: float | None
    interval: Interval | None

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return asdict(self)


def anchoring(
    changes: Iterable[tuple[str, bool]], *, resampling: Resampling = DEFAULT_RESAMPLING
) -> ChangedShare:
    """Share of the arbitrator's own blind answers that were changed after the reveal.

    Parameters
    ----------
    changes : (patient, whether the answer was changed), one an answer to a finding of a case
    resampling : for the interval where patients have several answers

    Returns
    -------
    ChangedShare. Wilson's interval where each patient has one answer, otherwise patients are
    resampled, and where no draw differs (all answers go one way, say) it is Wilson's of as many
    answers as there are patients.
    """
    pairs = list(changes)
    if not pairs:
        return ChangedShare(0, 0, None, None)
    patients = [patient for patient, _ in pairs]
    flags = np.array([float(is_changed) for _, is_changed in pairs])
    changed, people = int(flags.sum()), len(set(patients))
    share = changed / len(pairs)
    interval = None
    if people < len(pairs):
        interval, _ = patient_bootstrap(
            lambda weights: float(weights @ flags / weights.sum()),
            patients,
            seed=resampling.seed,
            resamples=resampling.resamples,
        )
    # what resampling cannot tell has at least the doubt of one answer a patient
    interval = interval or wilson_interval(round(people * share), people)
    return ChangedShare(changed, len(pairs), share, interval)
