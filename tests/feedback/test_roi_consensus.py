"""The region that several readers mean: pixels counted by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.errors import Unavailable
from apps.feedback.compute import roi_consensus
from apps.feedback.compute.reads import Region
from apps.feedback.compute.roi_consensus import (
    MOST_VERTICES,
    ImageSize,
    is_staple_installed,
    majority_regions,
    staple_regions,
)
from apps.feedback.compute.roi_matching import match_regions, polygon_area, polygon_iou
from tests.feedback.reads import box, region

SIZES = {"front": ImageSize(100, 80), "side": ImageSize(40, 40)}

needs_staple = pytest.mark.skipif(
    not is_staple_installed(), reason="SimpleITK (requirements/registration.txt) is not installed"
)


def majority(*readers):
    return majority_regions(readers, sizes=SIZES)


def is_same(outline, expected):
    return set(outline) == set(expected) and polygon_iou(outline, expected) == 1.0


def test_three_equal_boxes_are_that_box():
    (made,) = majority(*[[region(10, 20, 30, 45, roi_id=name)] for name in "abc"])
    assert (made.image, made.frame_number) == ("front", 1)
    assert is_same(made.vertices, box(10, 20, 30, 45))


def test_two_of_three_readers_decide():
    # columns 0..6, 2..8, 4..10: two or more of them cover 2..8
    (made,) = majority([region(0, 0, 6, 4)], [region(2, 0, 8, 4)], [region(4, 0, 10, 4)])
    assert is_same(made.vertices, box(2, 0, 8, 4))


def test_one_of_two_readers_is_half():
    (made,) = majority([region(0, 0, 6, 4)], [region(2, 0, 8, 4)])
    assert is_same(made.vertices, box(0, 0, 8, 4))


def test_reader_who_marked_nothing_votes_against():
    assert majority([region(0, 0, 6, 4)], [], []) == ()
    assert len(majority([region(0, 0, 6, 4)], [region(0, 0, 6, 4)], [], [])) == 1


def test_parts_come_by_frame_and_size():
    one = [
        region(0, 0, 2, 2),
        region(10, 10, 20, 20),
        region(1, 1, 5, 5, image="side", frame_number=2),
        region(6, 6, 9, 9, image="front", frame_number=3),
    ]
    made = majority(one, one)
    assert [(part.image, part.frame_number, polygon_area(part.vertices)) for part in made] == [
        ("front", 1, 100.0),
        ("front", 1, 4.0),
        ("front", 3, 9.0),
        ("side", 2, 16.0),
    ]


def test_corner_to_corner_is_two_parts_and_holes_are_filled():
    assert len(majority([region(0, 0, 4, 4), region(4, 4, 8, 8)])) == 2
    # four bars around a hole of 2 x 2
    frame = [
        *(region(0, 0, 6, 2), region(0, 4, 6, 6)),
        *(region(0, 0, 2, 6), region(4, 0, 6, 6)),
    ]
    (made,) = majority(frame)
    assert polygon_area(made.vertices) == 36.0


def test_region_is_cut_at_the_edge_of_the_image():
    (made,) = majority([region(90, 70, 120, 95)])
    assert is_same(made.vertices, box(90, 70, 100, 80))
    assert majority([region(120, 10, 130, 20)]) == ()


def test_pixel_counts_where_its_centre_lies_inside():
    (made,) = majority([region(0.6, 0.4, 3.6, 3.4)])
    # the centres 1.5, 2.5 and 3.5 lie in 0.6..3.6, the centres 0.5, 1.5 and 2.5 in 0.4..3.4
    assert is_same(made.vertices, box(1, 0, 4, 3))


def test_large_round_region_keeps_its_area_in_few_vertices():
    angles = np.linspace(0, 2 * math.pi, 200, endpoint=False)
    outline = tuple((500 + 400 * math.cos(a), 500 + 300 * math.sin(a)) for a in angles)
    circle = Region("large", 1, outline)
    (made,) = majority_regions([[circle]], sizes={"large": ImageSize(1000, 1000)})
    assert len(made.vertices) <= MOST_VERTICES
    assert polygon_iou(made.vertices, outline) > 0.995


def test_ragged_region_is_smoothed_until_it_can_be_stored():
    comb = [
        (float(x), 10.0 if x % 4 < 2 else 4.0)
        for tooth in range(0, 1200, 2)
        for x in (tooth, tooth + 2 - 1e-9)
    ]
    outline = ((0.0, 40.0), *comb, (1200.0, 40.0))
    (made,) = majority_regions(
        [[Region("large", 1, outline)]], sizes={"large": ImageSize(1200, 50)}
    )
    assert 3 <= len(made.vertices) <= MOST_VERTICES


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ValueError, match="no reader"):
        majority()
    with pytest.raises(ValueError, match="size of image elsewhere"):
        majority([region(0, 0, 1, 1, image="elsewhere")])
    assert majority([], []) == ()


boxes = st.builds(
    lambda left, top, width, height: region(left, top, left + width, top + height),
    *(st.integers(0, 30), st.integers(0, 30), st.integers(1, 9), st.integers(1, 9)),
)


@given(
    st.lists(st.lists(boxes, max_size=2), min_size=1, max_size=4), st.randoms(use_true_random=False)
)
@settings(max_examples=50)
def test_order_of_readers_changes_nothing(readers, random):
    made = majority(*readers)
    random.shuffle(readers)
    assert majority(*readers) == made


@given(boxes, st.integers(1, 5))
def test_equal_readers_are_given_their_own_box(one, times):
    made = majority(*[[one]] * times)
    assert match_regions([one], made, minimum_iou=1.0).is_complete


def test_staple_that_is_not_installed_says_what_to_do(monkeypatch):
    monkeypatch.setattr(roi_consensus, "find_spec", lambda _: None)
    assert not roi_consensus.is_staple_installed()
    with pytest.raises(Unavailable, match=r"requirements/registration\.txt") as refused:
        staple_regions([[region(0, 0, 4, 4)]], sizes=SIZES)
    assert refused.value.code == "staple_not_installed"


@needs_staple
def test_staple_of_equal_readers_trusts_them_all():
    made = staple_regions([[region(10, 20, 30, 45)]] * 3, sizes=SIZES)
    assert is_same(made.regions[0].vertices, box(10, 20, 30, 45))
    for quality in made.qualities["front", 1]:
        assert (quality.sensitivity, quality.specificity) == pytest.approx((1.0, 1.0), abs=1e-5)


@needs_staple
def test_staple_trusts_two_who_agree_over_one_who_does_not():
    # Two readers mark columns 10..30, the third 26..46 (all rows 20..40). The two explain each
    # other: the region is theirs, of which the third marked 4 of 20 columns, a sensitivity of 0.2.
    # The window is 10..46 and 9 columns more on either side (1..55), rows 15..45: 54 * 30 = 1620
    # pixels, 1220 of them outside of the region; the third marked 16 * 20 = 320 of these.
    two, third = [region(10, 20, 30, 40)], [region(26, 20, 46, 40)]
    made = staple_regions([two, two, third], sizes=SIZES)
    assert is_same(made.regions[0].vertices, box(10, 20, 30, 40))
    first, second, other = made.qualities["front", 1]
    assert (first.sensitivity, first.specificity) == pytest.approx((1.0, 1.0), abs=1e-3)
    assert first == second
    assert other.sensitivity == pytest.approx(0.2, abs=1e-3)
    assert other.specificity == pytest.approx(900 / 1220, abs=1e-3)


@needs_staple
def test_staple_refuses_what_the_majority_refuses():
    with pytest.raises(ValueError, match="no reader"):
        staple_regions([], sizes=SIZES)
    assert staple_regions([[region(120, 10, 130, 20)]], sizes=SIZES).qualities == {}
