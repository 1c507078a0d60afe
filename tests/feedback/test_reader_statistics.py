"""What is said of each reader: counts, limits and shares worked by hand."""

import json
import math

import numpy as np
import pytest

from apps.feedback.compute.coefficient import Resampling
from apps.feedback.compute.distributions import Distribution, distribution, iou_distribution
from apps.feedback.compute.readers import (
    ReadCount,
    anchoring,
    arbitration_rate,
    disagreement_chart,
    intra_reader_agreement,
    reader_confusion,
)

CATEGORIES = ("absent", "present", "not_assessable")


def labels(text):
    """ "pan" -> case 0 present, case 1 absent, case 2 not assessable."""
    names = {"p": "present", "a": "absent", "n": "not_assessable", "i": "indeterminate"}
    return {f"c{place}": names[sign] for place, sign in enumerate(text) if sign in names}


def test_confusion_of_a_reader_by_hand():
    made = reader_confusion(labels("ppanapp"), labels("ppppaai"), CATEGORIES)
    # the reference has four positives (p p a n) and two negatives (a p); one is indeterminate
    assert made.counts == ((1, 1, 0), (1, 2, 1), (0, 0, 0))
    assert (made.sensitivity.count, made.sensitivity.total) == (2, 4)
    assert (made.specificity.count, made.specificity.total) == (1, 2)
    assert (made.accuracy.count, made.accuracy.total) == (3, 6)
    assert made.left_out == 1
    # Wilson of 2 of 4: (0.5 + 0.480182 +- 1.959964 sqrt(0.0625 + 0.0600228)) / 1.960365
    interval = made.sensitivity.interval
    assert (interval.low, interval.high) == pytest.approx((0.150036, 0.849964), abs=1e-5)


def test_cases_without_a_reference_are_not_judged():
    made = reader_confusion(labels("ppp"), labels("p"), CATEGORIES)
    assert (made.accuracy.total, made.left_out) == (1, 0)
    nothing = reader_confusion({}, {}, CATEGORIES)
    assert (nothing.accuracy.value, nothing.sensitivity.interval) == (None, None)
    grades = reader_confusion({"c0": "mild"}, {"c0": "mild"}, ("mild", "severe"))
    assert (grades.accuracy.value, grades.sensitivity.total) == (1.0, 0)
    json.dumps(nothing.to_json(), allow_nan=False)


def test_confusion_refuses_a_label_that_nobody_can_give():
    with pytest.raises(ValueError, match="indeterminate"):
        reader_confusion(labels("i"), labels("p"), CATEGORIES)


def test_disagreement_chart_by_hand():
    # Indices 0.1, 0.2 and 0.6: mean 0.3, SD sqrt((0.04 + 0.01 + 0.09) / 2) = sqrt(0.07), so that
    # the alarm is at 0.564575. Center 60 / 250 = 0.24; the limits of 100 reads are
    # 3 sqrt(0.24 * 0.76 / 100) = 0.128125 away, those of 50 reads 0.181196.
    counts = {"r1": ReadCount(10, 100), "r2": ReadCount(20, 100), "r3": ReadCount(30, 50)}
    made = disagreement_chart(counts, planned_reads=1000)
    assert made.is_usable
    assert made.center == 0.24
    assert made.alarm_limit == pytest.approx(0.564575, abs=1e-6)
    limits = [(one.lower_limit, one.upper_limit) for one in made.readers]
    assert limits[0] == limits[1] == pytest.approx((0.111875, 0.368125), abs=1e-6)
    assert limits[2] == pytest.approx((0.058804, 0.421196), abs=1e-6)
    assert [one.is_above_alarm for one in made.readers] == [False, False, True]
    assert [one.is_outside_limits for one in made.readers] == [True, False, True]


def test_limits_stay_within_zero_and_one():
    made = disagreement_chart({"r1": ReadCount(1, 3), "r2": ReadCount(1, 3)}, planned_reads=6)
    # 1/3 +- 3 sqrt(2/9 / 3) = 1/3 +- 0.8165
    assert (made.readers[0].lower_limit, made.readers[0].upper_limit) == (0.0, 1.0)
    # equal readers do not exceed their own mean
    assert not any(one.is_above_alarm or one.is_outside_limits for one in made.readers)


def test_nobody_is_alarmed_before_a_tenth_of_the_reads():
    counts = {"r1": ReadCount(0, 100), "r2": ReadCount(0, 100), "r3": ReadCount(90, 100)}
    early = disagreement_chart(counts, planned_reads=3001)
    assert not early.is_usable
    assert not any(one.is_above_alarm or one.is_outside_limits for one in early.readers)
    enough = disagreement_chart(counts, planned_reads=3000)
    assert [one.is_above_alarm for one in enough.readers] == [False, False, True]


def test_readers_without_a_read_are_not_in_the_chart():
    nothing = disagreement_chart({"r1": ReadCount(0, 0)}, planned_reads=10)
    assert (nothing.readers, nothing.center, nothing.alarm_limit) == ((), None, None)
    alone = disagreement_chart({"r1": ReadCount(1, 4), "r2": ReadCount(0, 0)}, planned_reads=10)
    assert ([one.reader for one in alone.readers], alone.alarm_limit) == (["r1"], None)
    json.dumps(alone.to_json(), allow_nan=False)
    with pytest.raises(ValueError, match="5 of 4"):
        disagreement_chart({"r1": ReadCount(5, 4)}, planned_reads=10)


def test_limits_seldom_accuse_readers_who_are_all_alike():
    # 6 readers of 200 cases, each overruled in one case of five, 500 times
    random = np.random.default_rng(2)
    accused = 0
    for overruled in random.binomial(200, 0.2, (500, 6)):
        counts = {f"r{place}": ReadCount(int(n), 200) for place, n in enumerate(overruled)}
        made = disagreement_chart(counts, planned_reads=1200)
        accused += sum(one.is_outside_limits for one in made.readers)
    assert accused / 3000 < 0.005


def test_reread_agreement_by_hand():
    made = intra_reader_agreement(
        labels("ppaaaa"),
        labels("paaaa") | {"other": "present"},
        patients={f"c{place}": f"p{place}" for place in range(6)},
        categories=("absent", "present"),
    )
    raw, kappa, ac1 = made
    # five cases were read twice: p/p, p/a, a/a, a/a, a/a
    assert (raw.value, raw.case_count) == (0.8, 5)
    # p_e = 0.4 * 0.2 + 0.6 * 0.8 = 0.56; (0.8 - 0.56) / 0.44
    assert kappa.value == pytest.approx(0.24 / 0.44)
    # shares 0.7 and 0.3: p_e = 0.42; (0.8 - 0.42) / 0.58
    assert ac1.value == pytest.approx(0.38 / 0.58)


def test_without_a_reread_nothing_is_said():
    made = intra_reader_agreement(labels("pp"), {}, patients={}, categories=("absent", "present"))
    assert [one.undefined for one in made] == ["no_cases"] * 3


def test_arbitration_rate():
    made = arbitration_rate([True, False, False, True, False])
    assert (made.count, made.total, made.value) == (2, 5, 0.4)
    assert arbitration_rate([]).value is None


def test_anchoring_of_independent_answers_has_wilsons_interval():
    made = anchoring([(f"p{place}", place == 0) for place in range(10)])
    assert (made.changed, made.answers, made.value) == (1, 10, 0.1)
    assert made.interval.method == "wilson"
    assert (made.interval.low, made.interval.high) == pytest.approx((0.0179, 0.4042), abs=1e-4)


def test_anchoring_of_several_answers_a_patient_resamples_patients():
    # one patient's ten answers were all changed, nine patients' were not
    made = anchoring(
        [(f"p{place // 10}", place < 10) for place in range(100)], resampling=Resampling(1, 500)
    )
    assert (made.changed, made.answers, made.value) == (10, 100, 0.1)
    assert (made.interval.method, made.interval.low) == ("patient_bootstrap", 0.0)
    # 100 independent answers would reach to 0.174 only
    assert made.interval.high > 0.25
    assert made.interval.seed == 1


def test_anchoring_without_a_change_has_the_doubt_of_its_patients():
    made = anchoring([(f"p{place % 5}", False) for place in range(20)])
    # none of five patients: 3.841459 / (5 + 3.841459)
    assert (made.value, made.interval.low) == (0.0, 0.0)
    assert made.interval.high == pytest.approx(0.434482, abs=1e-5)
    alone = anchoring([("p1", True), ("p1", False)])
    assert alone.interval.method == "wilson"
    nothing = anchoring([])
    assert (nothing.value, nothing.interval) == (None, None)
    json.dumps([made.to_json(), nothing.to_json()], allow_nan=False)


def test_quartiles_and_tenths_by_hand():
    # 1 2 3 4: the quartiles lie at 0.75, 1.5 and 2.25 steps from the first
    assert distribution([4, 2, 1, 3]) == Distribution(4, 1.75, 2.5, 3.25)
    made = iou_distribution([0.0, 0.05, 0.5, 0.55, 1.0])
    assert made.bin_counts == (2, 0, 0, 0, 0, 2, 0, 0, 0, 1)
    assert (made.count, made.median) == (5, 0.5)
    assert made.to_json()["bin_edges"][-1] == 1.0


def test_no_number_has_no_quartile():
    assert distribution([]).median is None
    assert iou_distribution([]).bin_counts == (0,) * 10
    with pytest.raises(ValueError, match="not finite"):
        distribution([1.0, math.nan])
    with pytest.raises(ValueError, match="outside"):
        iou_distribution([1.2])
