"""Agreement beyond chance: published tables to their printed digits, and what must always hold."""

import dataclasses
import json
import math

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import fleiss_kappa as fleiss_of_counts

from apps.feedback.compute.agreement import (
    brennan_prediger,
    cohen_kappa,
    finding_agreement,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    raw_agreement,
    scott_pi,
)
from apps.feedback.compute.coefficient import Resampling
from apps.feedback.compute.intervals import (
    Proportion,
    patient_bootstrap,
    wilson_interval,
)
from apps.feedback.compute.krippendorff import LEVELS, alpha
from apps.feedback.compute.ratings import Rating, RatingTable
from tests.feedback.published import (
    ABSTRACTORS,
    ABSTRACTORS_PRINTED,
    KRIPPENDORFF_2011,
    SAS,
    SAS_PRINTED,
    THREE_CODERS,
    fleiss_1971,
    table_of,
    table_of_labels,
    ten_by_fourteen,
    values_of,
)

FEW = Resampling(seed=3, resamples=200)
OVERALL = [
    raw_agreement,
    fleiss_kappa,
    gwet_ac1,
    brennan_prediger,
    lambda table, resampling: krippendorff_alpha(table, level="nominal", resampling=resampling),
    lambda table, resampling: krippendorff_alpha(table, level="ordinal", resampling=resampling),
]
OF_PAIRS = [
    scott_pi,
    lambda table, resampling: cohen_kappa(table, resampling=resampling),
    lambda table, resampling: cohen_kappa(table, weights="linear", resampling=resampling),
    lambda table, resampling: cohen_kappa(table, weights="quadratic", resampling=resampling),
]


def test_two_abstractors_as_irrcac_prints_them():
    table = table_of(ABSTRACTORS)
    made = {
        made.name: made
        for made in (
            *(measure(table, FEW) for measure in OVERALL[:5]),
            *(measure(table, FEW) for measure in OF_PAIRS[:2]),
        )
    }
    for name, (value, standard_error) in ABSTRACTORS_PRINTED.items():
        assert made[name].value == pytest.approx(value, abs=5e-8), name
        if name != "raw_agreement" and standard_error is not None:
            assert made[name].standard_error == pytest.approx(standard_error, abs=5e-9), name
    # for two readers Fleiss' kappa is Scott's pi
    assert made["fleiss_kappa"].value == made["scott_pi"].value
    # irrCAC prints (0.764,0.935), (0.742,0.928) and (0.679,0.913)
    for name, ends in {
        "gwet_ac1": (0.764, 0.935),
        "brennan_prediger": (0.742, 0.928),
        "scott_pi": (0.679, 0.913),
    }.items():
        interval = made[name].interval
        assert (interval.low, interval.high) == pytest.approx(ends, abs=6e-4)
        assert interval.method == "asymptotic"
    # Wilson by hand: (0.89 + 0.0192073 +- 1.959964 sqrt(0.89 * 0.11 / 100 + 0.0000960365))
    # / 1.0384146 = (0.9092073 +- 0.0642628) / 1.0384146
    raw = made["raw_agreement"].interval
    assert (raw.low, raw.high) == pytest.approx((0.813687, 0.937458), abs=1e-6)
    assert raw.method == "wilson"


def test_paradox_of_kappa():
    even, skewed = table_of([[40, 9], [6, 45]]), table_of([[80, 10], [5, 5]])
    assert raw_agreement(even).value == raw_agreement(skewed).value == 0.85
    assert cohen_kappa(even).value == pytest.approx(0.700, abs=5e-4)
    assert cohen_kappa(skewed).value == pytest.approx(0.318, abs=5e-4)
    # AC1 by hand: shares (90 + 85) / 200 = 0.875 and 0.125, p_e = 2 * 0.875 * 0.125 = 0.21875,
    # (0.85 - 0.21875) / 0.78125 = 0.808
    assert gwet_ac1(skewed).value == pytest.approx(0.808)


@pytest.mark.parametrize("weights", [None, "linear"])
def test_kappa_as_sas_prints_it(weights):
    made = cohen_kappa(table_of(SAS), weights=weights)
    found = (made.value, made.standard_error, made.interval.low, made.interval.high)
    assert found == pytest.approx(SAS_PRINTED[weights], abs=5e-5)


def test_fleiss_1971():
    made = fleiss_kappa(fleiss_1971())
    assert made.value == pytest.approx(0.4302445, abs=5e-8)
    assert (made.case_count, made.patient_count, made.reader_count) == (30, 30, 6)
    shares = fleiss_1971().counts.sum(axis=0) / 180
    assert shares == pytest.approx([0.144, 0.144, 0.167, 0.306, 0.239], abs=6e-4)


def test_worked_example_of_fourteen_raters():
    assert fleiss_kappa(ten_by_fourteen()).value == pytest.approx(0.2099307, abs=5e-8)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            KRIPPENDORFF_2011,
            {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797},
        ),
        (THREE_CODERS, {"nominal": 0.691, "interval": 0.811}),
    ],
)
def test_alpha_as_krippendorff_prints_it(rows, expected):
    for level, printed in expected.items():
        assert alpha(values_of(rows), level=level) == pytest.approx(printed, abs=5e-4)


def test_alpha_of_a_table_is_that_of_its_values():
    units = zip(*KRIPPENDORFF_2011, strict=True)
    rows = [[None if sign == "." else sign for sign in unit] for unit in units]
    table = table_of_labels(rows, "12345")
    # only one observer rated the twelfth unit
    assert len(table.cases) == 11
    for level, printed in {"nominal": 0.743, "ordinal": 0.815}.items():
        made = krippendorff_alpha(table, level=level, resampling=FEW)
        assert made.value == pytest.approx(printed, abs=5e-4)
        assert made.interval.low < made.value < made.interval.high
        assert (made.interval.method, made.interval.resamples, made.interval.seed) == (
            "patient_bootstrap",
            200,
            3,
        )


def test_alpha_refuses_what_has_no_meaning():
    with pytest.raises(ValueError, match="unknown level"):
        alpha(np.ones((2, 2)), level="cardinal")
    with pytest.raises(ValueError, match="negative"):
        alpha(np.array([[1.0, -1.0]]), level="ratio")
    assert math.isnan(alpha(np.ones((3, 2)), level="nominal"))
    assert alpha(np.array([[0.0, 0.0], [2.0, 2.0]]), level="ratio") == 1.0


@pytest.mark.parametrize("measure", [*OVERALL, *OF_PAIRS])
def test_no_case_is_told_not_computed(measure):
    empty = dataclasses.replace(
        table_of_labels([], "ab"), readers=("r0", "r1"), codes=np.zeros((0, 2), int)
    )
    made = measure(empty, FEW)
    assert (made.value, made.undefined, made.interval, made.case_count) == (
        None,
        "no_cases",
        None,
        0,
    )


@pytest.mark.parametrize("measure", [fleiss_kappa, *OVERALL[4:], *OF_PAIRS])
def test_single_category_is_told_not_computed(measure):
    made = measure(table_of([[7, 0], [0, 0]]), FEW)
    assert (made.value, made.undefined, made.interval) == (None, "one_category", None)


def test_single_category_has_a_value_where_the_unused_one_counts():
    table = table_of([[7, 0], [0, 0]])
    assert gwet_ac1(table).value == brennan_prediger(table).value == 1.0
    assert gwet_ac1(table).no_interval == "no_variation"
    # seven of seven still leave room: by Wilson 7 / (7 + 3.84146)
    assert raw_agreement(table).interval.low == pytest.approx(0.6457, abs=1e-4)


def test_readers_of_opposite_opinions():
    table = table_of([[0, 5], [0, 0]])
    assert cohen_kappa(table).value == 0.0
    assert cohen_kappa(table).no_interval == "no_variation"
    assert scott_pi(table).value == -1.0


def test_one_case_has_no_interval():
    made = gwet_ac1(table_of([[1, 0], [0, 0]]))
    assert (made.value, made.interval, made.no_interval) == (1.0, None, "one_patient")


def test_coefficients_of_two_readers_refuse_three():
    with pytest.raises(ValueError, match="of two readers, not of 6"):
        cohen_kappa(fleiss_1971())
    with pytest.raises(ValueError, match="of two readers, not of 6"):
        scott_pi(fleiss_1971())


def test_cases_of_one_patient_widen_the_interval():
    # Every patient has five equal cases: ten patients' worth of evidence, not fifty's.
    cross = [[20, 5], [5, 20]]
    alone = table_of(cross)
    grouped = table_of(cross, patients=[f"p{place // 5}" for place in range(50)])
    for measure in (raw_agreement, gwet_ac1, fleiss_kappa, OF_PAIRS[1]):
        naive, clustered = measure(alone, Resampling(1)), measure(grouped, Resampling(1))
        assert naive.value == clustered.value
        assert clustered.interval.method == "patient_bootstrap"
        assert clustered.patient_count == 10
        width = clustered.interval.high - clustered.interval.low
        assert width > 1.5 * (naive.interval.high - naive.interval.low)


def test_resampling_gives_the_asymptotic_interval_where_both_hold():
    table = table_of(ABSTRACTORS)
    for measure in (gwet_ac1, fleiss_kappa):
        made = measure(table, FEW)
        # twice each patient: the same evidence as once
        doubled = dataclasses.replace(
            table,
            cases=tuple(f"{case} {part}" for part in "ab" for case in table.cases),
            patients=table.patients * 2,
            codes=np.concatenate([table.codes, table.codes]),
        )
        drawn = measure(doubled, Resampling(5))
        assert drawn.interval.method == "patient_bootstrap"
        assert drawn.interval.low == pytest.approx(made.interval.low, abs=0.02)
        assert drawn.interval.high == pytest.approx(made.interval.high, abs=0.02)


def test_intervals_cover_the_truth_as_often_as_they_say():
    # Three in ten cases are positive and either reader is right nine times in ten, so that
    # P(+,+) = 0.3 * 0.81 + 0.7 * 0.01 = 0.25, P(-,-) = 0.57, share of + 0.34,
    # AC1 = (0.82 - 2 * 0.34 * 0.66) / (1 - 0.4488) = 0.6734
    truth = (0.82 - 0.4488) / 0.5512
    random = np.random.default_rng(4)
    names = tuple(f"{place:03}" for place in range(200))
    # the same evidence with each case told twice, so that patients must be resampled
    twice = tuple(f"{part}{name}" for part in "ab" for name in names)

    def covers(patients, cases, draws):
        covered = 0
        for _ in range(draws):
            is_positive = random.random((200, 1)) < 0.3
            codes = (is_positive ^ (random.random((200, 2)) < 0.1)).astype(int)
            codes = np.tile(codes, (len(cases) // 200, 1))
            table = RatingTable(("-", "+"), cases, patients, ("r0", "r1"), codes)
            interval = gwet_ac1(table, Resampling(1, 200)).interval
            covered += interval.low <= truth <= interval.high
        return interval.method, covered / draws

    method, share = covers(names, names, 1000)
    assert method == "asymptotic"
    assert 0.93 <= share <= 0.97
    method, share = covers(names * 2, twice, 200)
    assert method == "patient_bootstrap"
    assert 0.91 <= share <= 0.98


def test_same_seed_gives_the_same_interval_and_another_one_another():
    table = table_of([[20, 5], [5, 20]], patients=[f"p{place // 2}" for place in range(50)])
    first, again, other = (gwet_ac1(table, Resampling(seed, 300)) for seed in (1, 1, 2))
    assert first == again
    assert first.interval.low != other.interval.low


def test_resampling_without_an_answer_says_why():
    assert patient_bootstrap(np.sum, ["p1", "p1"], seed=1)[1] == "one_patient"
    assert patient_bootstrap(np.sum, ["p1", "p2"], seed=1)[1] == "no_variation"

    def mostly_undefined(weights):
        return float(weights[0]) if weights[0] else math.nan

    # of two patients, one draw in four lacks the first
    assert patient_bootstrap(mostly_undefined, ["p1", "p2"], seed=1) == (
        None,
        "undefined_resamples",
    )


def test_wilson_interval_by_hand():
    # 1 of 10: (0.1 + 0.192073 +- 1.959964 sqrt(0.009 + 0.0096036)) / 1.384146
    interval = wilson_interval(1, 10)
    assert (interval.low, interval.high) == pytest.approx((0.017876, 0.404150), abs=1e-5)
    assert wilson_interval(0, 10).low == 0.0
    assert wilson_interval(10, 10).high == 1.0
    assert Proportion(0, 0).to_json() == {"count": 0, "total": 0, "value": None, "interval": None}
    with pytest.raises(ValueError, match="3 of 2"):
        Proportion(3, 2)


def test_table_refuses_what_is_no_agreement_study():
    one = Rating("c1", "p1", "r1", "a")
    with pytest.raises(ValueError, match="label 'z'"):
        RatingTable.of([dataclasses.replace(one, label="z")], "ab")
    with pytest.raises(ValueError, match="two ratings of one reader"):
        RatingTable.of([one, dataclasses.replace(one, label="b")], "ab")
    with pytest.raises(ValueError, match="two patients"):
        RatingTable.of([one, Rating("c1", "p2", "r2", "a")], "ab")
    with pytest.raises(ValueError, match="two or more different categories"):
        RatingTable.of([one], "a")


def test_single_reads_and_pairs_without_a_shared_case_are_left_out():
    ratings = [
        *(Rating("c1", "p1", reader, label) for reader, label in (("r1", "a"), ("r2", "b"))),
        *(Rating("c2", "p2", reader, label) for reader, label in (("r2", "a"), ("r3", "a"))),
        Rating("c3", "p3", "r1", "a"),
    ]
    table = RatingTable.of(ratings, "ab")
    assert table.cases == ("c1", "c2")
    assert [(pair.readers, pair.cases) for pair in table.pairs()] == [
        (("r1", "r2"), ("c1",)),
        (("r2", "r3"), ("c2",)),
    ]
    assert raw_agreement(table).value == 0.5


def test_everything_of_a_finding_in_json():
    made = finding_agreement(fleiss_1971(), is_ordered=True, resampling=FEW)
    stored = json.loads(json.dumps(made.to_json(), allow_nan=False))
    assert [one["name"] for one in stored["coefficients"]] == [
        *("raw_agreement", "fleiss_kappa", "gwet_ac1", "brennan_prediger"),
        *("krippendorff_alpha_nominal", "krippendorff_alpha_ordinal"),
    ]
    assert len(stored["pairs"]) == 15
    assert [one["name"] for one in stored["pairs"][0]["coefficients"]] == [
        *("raw_agreement", "cohen_kappa", "scott_pi", "gwet_ac1"),
        *("cohen_kappa_linear", "cohen_kappa_quadratic"),
    ]


pairs = st.lists(st.tuples(*[st.sampled_from("abc")] * 2), min_size=2, max_size=20)
studies = st.integers(2, 4).flatmap(
    lambda readers: st.lists(
        st.lists(st.sampled_from(["a", "b", "c", None]), min_size=readers, max_size=readers),
        min_size=2,
        max_size=12,
    )
)


@given(pairs)
@settings(max_examples=40)
def test_kappas_are_those_of_the_other_libraries(labels):
    table = table_of_labels(labels, "abc")
    assume(len({label for pair in labels for label in pair}) >= 2)
    first, second = zip(*labels, strict=True)
    for weights in (None, "linear", "quadratic"):
        expected = cohen_kappa_score(first, second, labels=list("abc"), weights=weights)
        assert cohen_kappa(table, weights=weights).value == pytest.approx(expected, abs=1e-9)
    assert fleiss_kappa(table).value == pytest.approx(fleiss_of_counts(table.counts), abs=1e-9)


@given(
    st.lists(
        st.lists(st.integers(0, 4) | st.none(), min_size=3, max_size=3), min_size=2, max_size=9
    )
)
def test_alpha_is_that_of_the_krippendorff_package(units):
    values = np.array(
        [[np.nan if value is None else value for value in unit] for unit in units], float
    )
    for level in LEVELS:
        ours = alpha(values, level=level)
        try:
            with np.errstate(invalid="ignore"):
                theirs = krippendorff.alpha(values.T, level_of_measurement=level)
        except ValueError:  # fewer than two different values, or nothing to pair
            theirs = math.nan
        assert ours == pytest.approx(theirs, abs=1e-9, nan_ok=True)


def _values(labels, measures):
    table = table_of_labels(labels, "abc")
    return [made.value for made in (measure(table, Resampling(1, 2)) for measure in measures)]


@given(studies, st.randoms(use_true_random=False))
@settings(max_examples=50)
def test_order_of_readers_and_cases_changes_nothing(labels, random):
    places = list(range(len(labels[0])))
    random.shuffle(places)
    shuffled = [[unit[place] for place in places] for unit in labels]
    random.shuffle(shuffled)
    assert _values(shuffled, OVERALL) == pytest.approx(_values(labels, OVERALL), nan_ok=False)


@given(pairs)
@settings(max_examples=50)
def test_coefficients_of_two_readers_are_symmetric(labels):
    swapped = [pair[::-1] for pair in labels]
    assert _values(swapped, OF_PAIRS) == pytest.approx(_values(labels, OF_PAIRS))


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=10), st.integers(2, 4))
@settings(max_examples=50)
def test_equal_readers_agree_perfectly(labels, readers):
    labels = [*labels, "a", "b"]
    measures = OVERALL + (OF_PAIRS if readers == 2 else [])
    for value in _values([[label] * readers for label in labels], measures):
        assert value == pytest.approx(1.0, abs=1e-12)


@given(studies)
@settings(max_examples=50)
def test_nothing_is_ever_nan(labels):
    made = finding_agreement(
        table_of_labels(labels, "abc"), is_ordered=True, resampling=Resampling(1, 10)
    )
    json.dumps(made.to_json(), allow_nan=False)
    for one in made.coefficients:
        assert (one.value is None) == bool(one.undefined)
        assert one.value is None or one.value <= 1 + 1e-12
        if one.interval:
            assert one.interval.low <= one.interval.high
        elif one.value is not None:
            assert one.no_interval
