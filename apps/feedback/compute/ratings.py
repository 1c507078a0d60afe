"""Who gave which case which label? The table that agreement and consensus are computed from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]

NOT_RATED = -1


@dataclass(frozen=True)
class Rating:
    """One reader's label of one case, and whose case it is."""

    case: str
    patient: str
    reader: str
    label: str


@dataclass(frozen=True)
class RatingTable:
    """Labels of cases that two or more readers rated.

    Attributes
    ----------
    categories : the labels that were possible, at least two, in their order
    cases, patients : (n,) the case and whose it is, sorted by case
    readers : (r,) sorted
    codes : int (n, r), the place of the label in `categories`, -1 where the reader did not rate
    """

    categories: tuple[str, ...]
    cases: tuple[str, ...]
    patients: tuple[str, ...]
    readers: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, ratings: Iterable[Rating], categories: Sequence[str]) -> RatingTable:
        """Gather ratings; cases with a single one are left out, since they agree with nobody.

        Raises
        ------
        ValueError : fewer than two categories, a label outside them, a reader with two ratings of
            one case (a re-read belongs to the intra-reader statistics), a case of two patients
        """
        if len(categories) < 2 or len(set(categories)) != len(categories):
            raise ValueError(f"agreement needs two or more different categories: {categories}")
        places = {label: place for place, label in enumerate(categories)}
        patients: dict[str, str] = {}
        labels: dict[tuple[str, str], int] = {}
        for rating in ratings:
            if rating.label not in places:
                raise ValueError(f"label {rating.label!r} is none of {tuple(categories)}")
            if (rating.case, rating.reader) in labels:
                raise ValueError(f"case {rating.case} has two ratings of one reader")
            if patients.setdefault(rating.case, rating.patient) != rating.patient:
                raise ValueError(f"case {rating.case} belongs to two patients")
            labels[rating.case, rating.reader] = places[rating.label]
        cases, readers = sorted(patients), sorted({reader for _, reader in labels})
        codes = np.array(
            [[labels.get((case, reader), NOT_RATED) for reader in readers] for case in cases],
            dtype=np.int64,
        ).reshape(len(cases), len(readers))
        return cls(
            tuple(categories),
            tuple(cases),
            tuple(patients[case] for case in cases),
            tuple(readers),
            codes,
        ).with_two_ratings()

    def with_two_ratings(self) -> RatingTable:
        """Keep the cases that two or more of the readers rated."""
        kept = np.flatnonzero((self.codes != NOT_RATED).sum(axis=1) >= 2)
        return RatingTable(
            self.categories,
            tuple(self.cases[place] for place in kept),
            tuple(self.patients[place] for place in kept),
            self.readers,
            self.codes[kept],
        )

    def pairs(self) -> list[RatingTable]:
        """Give the table of every two readers who share a case."""
        tables = [
            RatingTable(
                self.categories,
                self.cases,
                self.patients,
                (self.readers[first], self.readers[second]),
                self.codes[:, [first, second]],
            ).with_two_ratings()
            for first, second in combinations(range(len(self.readers)), 2)
        ]
        return [table for table in tables if table.cases]

    @property
    def counts(self) -> Codes:
        """How many readers gave each label: int (n, q)."""
        return np.stack([(self.codes == k).sum(axis=1) for k in range(len(self.categories))], 1)

    @property
    def has_repeated_patients(self) -> bool:
        """Tell whether a patient has several cases, so that they are not independent."""
        return len(set(self.patients)) < len(self.patients)
