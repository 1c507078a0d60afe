"""Which label does a case have when readers differ? Shares of readers, and Dawid and Skene's model.

The model is own code: crowd-kit, which has it, cannot be imported without transformers and pyarrow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from apps.feedback.compute.ratings import Rating

Floats = NDArray[np.float64]

# Two probabilities nearer than this are a tie: rounding must not choose a diagnosis.
TIE: Final = 1e-9


def reader_distribution(
    labels: Iterable[str], categories: Sequence[str]
) -> dict[str, float] | None:
    """The soft label of a case: which share of its readers gave which label.

    Parameters
    ----------
    labels : one a reader; leave out readers who could not assess the finding
    categories : the labels that were possible

    Returns
    -------
    category -> share, adding up to 1; None without a reader

    Raises
    ------
    ValueError : a label outside the categories
    """
    counted = Counter(labels)
    unknown = sorted(set(counted) - set(categories))
    if unknown:
        raise ValueError(f"labels {unknown} are none of {tuple(categories)}")
    total = counted.total()
    return {label: counted[label] / total for label in categories} if total else None


@dataclass(frozen=True)
class DawidSkene:
    """What the readers' labels say of the cases and of the readers.

    Attributes
    ----------
    categories : the labels
    posteriors : case -> probability of each category, adding up to 1
    shares : estimated share of the cases in each category
    confusions : reader -> row of the true category -> probability of each label; a row of zeros
        where no case that the reader read may be of that category
    log_likelihood : of the labels, at the last iteration
    iterations : how many it took
    is_converged : no posterior moved by more than the tolerance in the last one
    """

    categories: tuple[str, ...]
    posteriors: dict[str, tuple[float, ...]]
    shares: tuple[float, ...]
    confusions: dict[str, tuple[tuple[float, ...], ...]]
    log_likelihood: float
    iterations: int
    is_converged: bool

    def label(self, case: str) -> str:
        """Give the most probable label; of equally probable ones the first of `categories`."""
        posterior = self.posteriors[case]
        most = max(posterior)
        place = next(place for place, value in enumerate(posterior) if value >= most - TIE)
        return self.categories[place]

    def to_json(self) -> dict[str, Any]:
        """Give plain values."""
        return {
            "categories": list(self.categories),
            "posteriors": {case: list(values) for case, values in self.posteriors.items()},
            "shares": list(self.shares),
            "confusions": {
                reader: [list(row) for row in rows] for reader, rows in self.confusions.items()
            },
            "log_likelihood": self.log_likelihood,
            "iterations": self.iterations,
            "is_converged": self.is_converged,
        }


def dawid_skene(
    ratings: Iterable[Rating],
    categories: Sequence[str],
    *,
    tolerance: float = 1e-6,
    most_iterations: int = 1000,
) -> DawidSkene:
    """Estimate true labels and readers' errors together, by expectation maximisation.

    Parameters
    ----------
    ratings : labels of cases; a reader may rate a case several times
    categories : the labels that were possible, in the order that breaks ties
    tolerance : of the largest change of a posterior
    most_iterations : >= 1; where they do not suffice, `is_converged` says so

    Returns
    -------
    DawidSkene. It starts from the shares of the readers. Where few readers share few cases, its
    certainty is more than the data hold: show it beside the readers' shares.

    Raises
    ------
    ValueError : no rating, or a label outside the categories

    Source: Dawid & Skene, Applied Statistics 1979, equations 2.3 to 2.5 and 3.1.
    """
    given = list(ratings)
    unknown = sorted({rating.label for rating in given} - set(categories))
    if unknown:
        raise ValueError(f"labels {unknown} are none of {tuple(categories)}")
    if not given:
        raise ValueError("there is no rating")
    cases, case = np.unique([rating.case for rating in given], return_inverse=True)
    readers, reader = np.unique([rating.reader for rating in given], return_inverse=True)
    label = np.array([categories.index(rating.label) for rating in given])
    posterior: Floats = np.zeros((len(cases), len(categories)))
    np.add.at(posterior, (case, label), 1.0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    change, iterations = np.inf, 0
    while change > tolerance and iterations < most_iterations:
        shares = posterior.mean(axis=0)
        # (reader, label, true category), as the ratings index it
        confusion: Floats = np.zeros((len(readers), len(categories), len(categories)))
        np.add.at(confusion, (reader, label), posterior[case])
        seen = confusion.sum(axis=1, keepdims=True)
        confusion = np.divide(confusion, seen, out=np.zeros_like(confusion), where=seen > 0)
        updated, log_likelihood = _expect(shares, confusion[reader, label], case, len(cases))
        change = float(np.abs(updated - posterior).max())
        posterior, iterations = updated, iterations + 1
    return DawidSkene(
        categories=tuple(categories),
        posteriors={str(name): _plain(row) for name, row in zip(cases, posterior, strict=True)},
        shares=_plain(shares),
        confusions={
            str(name): tuple(_plain(row) for row in rows.T)
            for name, rows in zip(readers, confusion, strict=True)
        },
        log_likelihood=log_likelihood,
        iterations=iterations,
        is_converged=change <= tolerance,
    )


def _expect(
    shares: Floats, chances: Floats, case: NDArray[np.intp], cases: int
) -> tuple[Floats, float]:
    """Posteriors (n, q) and log likelihood from each rating's chance in each category (m, q)."""
    with np.errstate(divide="ignore"):  # what cannot be has the logarithm minus infinity
        joint = np.tile(np.log(shares), (cases, 1))
        np.add.at(joint, case, np.log(chances))
    most = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - most)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, float((most + np.log(total)).sum())


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
