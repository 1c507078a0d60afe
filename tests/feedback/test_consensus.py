"""Soft labels: shares of readers, and Dawid and Skene's anaesthetists."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.feedback.compute.consensus import dawid_skene, reader_distribution
from apps.feedback.compute.ratings import Rating
from tests.feedback.published import ANAESTHETISTS

# The most probable class of each of the 45 patients, as crowd-kit 1.4.2 gives it on these data.
CROWD_KIT_LABELS = "142222132243121111222222112111131224233111212"


def anaesthetists():
    return [
        # the first of them rated three times
        Rating(f"{patient:02}", f"{patient:02}", f"observer {max(1, place - 1)}", label)
        for patient, labels in enumerate(ANAESTHETISTS.split(), start=1)
        for place, label in enumerate(labels)
    ]


def ratings_of(*labels):
    return [
        Rating(f"c{case}", f"p{case}", f"r{reader}", label)
        for case, given_labels in enumerate(labels)
        for reader, label in enumerate(given_labels)
    ]


def test_share_of_readers():
    shares = reader_distribution(["present", "present", "absent"], ["absent", "present"])
    assert shares == {"absent": pytest.approx(1 / 3), "present": pytest.approx(2 / 3)}
    assert reader_distribution([], ["absent", "present"]) is None
    with pytest.raises(ValueError, match="maybe"):
        reader_distribution(["maybe"], ["absent", "present"])


def test_anaesthetists_of_dawid_and_skene():
    made = dawid_skene(anaesthetists(), "1234")
    assert made.is_converged
    assert made.shares == pytest.approx([0.40, 0.42, 0.11, 0.07], abs=5e-3)
    assert "".join(made.label(case) for case in sorted(made.posteriors)) == CROWD_KIT_LABELS
    # the first observer, as Dawid & Skene print: of true class 1 0.89 are called 1 and 0.11 are
    # called 2; of true class 2 0.07 are called 1, 0.88 are called 2 and 0.05 are called 3
    assert made.confusions["observer 1"][0] == pytest.approx([0.89, 0.11, 0, 0], abs=5e-3)
    assert made.confusions["observer 1"][1] == pytest.approx([0.07, 0.88, 0.05, 0], abs=5e-3)


def test_majority_differs_on_three_patients():
    made = dawid_skene(anaesthetists(), "1234")
    differing = []
    for patient, labels in enumerate(ANAESTHETISTS.split(), start=1):
        # ties go to the first category, as `label` breaks them
        counted = Counter(labels)
        majority = max("1234", key=lambda label: (counted[label], -int(label)))
        if made.label(f"{patient:02}") != majority:
            differing.append(patient)
    assert differing == [2, 12, 36]


def test_one_step_by_hand():
    # Two cases, readers r0 and r1: "aa" and "ab". It starts from (1, 0) and (0.5, 0.5), so that the
    # shares are 0.75 and 0.25. r0 says a of either class for certain; r1 says a of class a in
    # 1 / 1.5 = 2/3 and of class b in 0 / 0.5 = 0. Hence case 1 is of class a for certain, and
    # case 2 of class a : b as 0.75 * 1 * 1/3 : 0.25 * 1 * 1 = 1 : 1.
    # log likelihood: log(0.75 * 2/3) + log(0.25 + 0.25) = 2 log 0.5
    made = dawid_skene(ratings_of("aa", "ab"), "ab", most_iterations=1)
    assert made.shares == (0.75, 0.25)
    assert made.posteriors["c0"] == (1.0, 0.0)
    assert made.posteriors["c1"] == pytest.approx((0.5, 0.5))
    assert made.log_likelihood == pytest.approx(2 * np.log(0.5))
    assert made.confusions["r1"] == (pytest.approx((2 / 3, 1 / 3)), (0.0, 1.0))
    assert made.is_converged


def test_tie_goes_to_the_first_category():
    tied = ratings_of("aa", "ab")
    assert dawid_skene(tied, "ab").label("c1") == "a"
    assert dawid_skene(tied, "ba").label("c1") == "b"


def test_two_good_readers_outweigh_three_poor_ones():
    errors = (0.05, 0.05, 0.4, 0.4, 0.4)
    random = np.random.default_rng(7)
    truth = random.integers(0, 2, 500)
    wrong = random.random((500, 5)) < errors
    labels = ["".join("ab"[value] for value in row) for row in truth[:, None] ^ wrong]
    made = dawid_skene(ratings_of(*labels), "ab")
    right = sum(made.label(f"c{case}") == "ab"[value] for case, value in enumerate(truth))
    of_majority = sum(
        Counter(row).most_common(1)[0][0] == "ab"[value]
        for row, value in zip(labels, truth, strict=True)
    )
    # The majority errs in 0.9025 * 0.064 + 0.095 * 0.352 + 0.0025 * 0.784 = 9.3 % of the cases; who
    # follows one good reader errs in 5 %.
    assert of_majority / 500 == pytest.approx(0.907, abs=0.02)
    assert right / 500 > 0.94
    for reader, error in enumerate(wrong.mean(axis=0)):
        found = made.confusions[f"r{reader}"]
        assert (found[0][1] + found[1][0]) / 2 == pytest.approx(error, abs=0.05)


def test_what_cannot_be_estimated_is_refused():
    with pytest.raises(ValueError, match="no rating"):
        dawid_skene([], "ab")
    with pytest.raises(ValueError, match="'z'"):
        dawid_skene(ratings_of("z"), "ab")


def test_too_few_iterations_are_told():
    made = dawid_skene(anaesthetists(), "1234", most_iterations=2)
    assert (made.iterations, made.is_converged) == (2, False)
    json.dumps(made.to_json(), allow_nan=False)


studies = st.integers(1, 3).flatmap(
    lambda readers: st.lists(
        st.text("abc", min_size=readers, max_size=readers), min_size=1, max_size=10
    )
)


@given(studies)
@settings(max_examples=50)
def test_likelihood_never_falls_and_posteriors_add_up(labels):
    ratings = ratings_of(*labels)
    likelihoods = [
        dawid_skene(ratings, "abc", tolerance=0, most_iterations=n).log_likelihood
        for n in range(1, 6)
    ]
    assert all(b >= a - 1e-9 for a, b in pairwise(likelihoods))
    for posterior in dawid_skene(ratings, "abc").posteriors.values():
        assert sum(posterior) == pytest.approx(1.0)
        assert min(posterior) >= 0


@given(studies, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_order_of_ratings_changes_nothing(labels, random):
    ratings = ratings_of(*labels)
    made = dawid_skene(ratings, "abc", most_iterations=20)
    random.shuffle(ratings)
    again = dawid_skene(ratings, "abc", most_iterations=20)
    for case, posterior in made.posteriors.items():
        assert again.posteriors[case] == pytest.approx(posterior, abs=1e-9)


@given(st.text("abc", min_size=1, max_size=10), st.integers(1, 4))
def test_readers_who_agree_are_believed(truth, readers):
    made = dawid_skene(ratings_of(*(label * readers for label in truth)), "abc")
    for case, label in enumerate(truth):
        assert made.posteriors[f"c{case}"]["abc".index(label)] == pytest.approx(1.0)
