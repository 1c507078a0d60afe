"""Overlap of regions and their best pairing; areas worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import draw

from apps.feedback.compute.roi_matching import (
    RegionPair,
    match_regions,
    polygon_area,
    polygon_iou,
)
from tests.feedback.reads import box, region

# Two triangles that touch in (2, 2): each has the area 4 * 2 / 2 = 4.
EIGHT = ((0, 0), (4, 0), (0, 4), (4, 4))
# A square of 4 x 4 whose outline runs along the edge of a hole of 2 x 2 and back (area 16 - 4).
KEYHOLE = ((0, 0), (4, 0), (4, 4), (0, 4), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1))


def test_box_nested_in_another():
    # intersection 2 * 2 = 4, union 4 * 4 = 16
    assert polygon_iou(box(0, 0, 4, 4), box(1, 1, 3, 3)) == 0.25


def test_box_shifted_by_half_its_width():
    # intersection 1 * 2 = 2, union 2 + 2 + 2 = 6
    assert polygon_iou(box(0, 0, 2, 2), box(1, 0, 3, 2)) == pytest.approx(1 / 3, abs=1e-12)


def test_boxes_that_share_an_edge_do_not_overlap():
    assert polygon_iou(box(0, 0, 2, 2), box(2, 0, 4, 2)) == 0.0


def test_outlines_that_touch_or_cross_themselves():
    assert polygon_area(EIGHT) == 8.0
    assert polygon_area(KEYHOLE) == 12.0
    # the upper triangle of the eight is half of it
    assert polygon_iou(EIGHT, ((0, 0), (4, 0), (2, 2))) == 0.5
    assert polygon_iou(KEYHOLE, box(1, 1, 3, 3)) == 0.0
    assert polygon_iou(EIGHT, EIGHT) == 1.0


def test_outline_without_an_area():
    line = ((0, 0), (4, 0), (2, 0))
    assert polygon_area(line) == 0.0
    assert polygon_iou(line, line) == 0.0
    assert polygon_iou(line, box(0, 0, 4, 4)) == 0.0
    assert polygon_iou((), box(0, 0, 4, 4)) == 0.0


def test_crossed_pairs_where_greedy_is_not_optimal():
    # A 0..10, B 3..13 against C 1..11, D -4..6 (all of height 1):
    # A-C 9/11 = 0.818, A-D 6/14 = 0.429, B-C 8/12 = 0.667, B-D 3/17 = 0.176.
    # Greedy takes A-C and leaves B-D 0.176; the best pairing is A-D, B-C (0.429 + 0.667 = 1.095
    # against 0.818 + 0.176 = 0.995).
    first = [region(0, 0, 10, 1), region(3, 0, 13, 1)]
    second = [region(1, 0, 11, 1), region(-4, 0, 6, 1)]
    matching = match_regions(first, second, minimum_iou=0.4)
    assert matching.pairs == (
        RegionPair(0, 1, pytest.approx(6 / 14)),
        RegionPair(1, 0, pytest.approx(8 / 12)),
    )
    assert matching.is_complete
    assert matching.worst_iou == pytest.approx(6 / 14)


def test_number_of_agreeing_pairs_comes_before_their_sum():
    # A 0..10, B 5..15 against C 1..10, D -3..7: A-C 9/10, A-D 7/13 = 0.538, B-C 5/14 = 0.357,
    # B-D 2/18 = 0.111. The sums: A-C + B-D = 1.011, A-D + B-C = 0.896; at a minimum of 0.35 the
    # second has two agreeing pairs, the first only one.
    first = [region(0, 0, 10, 1), region(5, 0, 15, 1)]
    second = [region(1, 0, 10, 1), region(-3, 0, 7, 1)]
    two = match_regions(first, second, minimum_iou=0.35)
    assert [(pair.first, pair.second) for pair in two.pairs] == [(0, 1), (1, 0)]
    one = match_regions(first, second, minimum_iou=0.5)
    assert [(pair.first, pair.second) for pair in one.pairs] == [(0, 0)]
    assert (one.first_unmatched, one.second_unmatched) == ((1,), (1,))
    assert one.worst_iou == pytest.approx(2 / 18)


def test_regions_of_other_frames_and_images_are_never_paired():
    first = [region(0, 0, 4, 4), region(0, 0, 4, 4, frame_number=2)]
    second = [region(0, 0, 4, 4, image="side"), region(0, 0, 4, 4, frame_number=2)]
    matching = match_regions(first, second, minimum_iou=0.5)
    assert matching.pairs == (RegionPair(1, 1, 1.0),)
    assert (matching.first_unmatched, matching.second_unmatched) == ((0,), (0,))
    assert matching.worst_iou == 0.0


def test_region_without_a_counterpart():
    matching = match_regions([region(0, 0, 4, 4)], [], minimum_iou=0.5)
    assert (matching.pairs, matching.first_unmatched, matching.worst_iou) == ((), (0,), 0.0)
    assert match_regions([], [], minimum_iou=0.5).worst_iou is None


def test_minimum_of_zero_still_asks_for_an_overlap():
    touching = match_regions([region(0, 0, 2, 2)], [region(2, 0, 4, 2)], minimum_iou=0.0)
    assert touching.pairs == ()
    overlapping = match_regions([region(0, 0, 10, 1)], [region(9, 0, 90, 1)], minimum_iou=0.0)
    assert overlapping.is_complete


@pytest.mark.parametrize("minimum_iou", [-0.1, 1.01, float("nan")])
def test_minimum_outside_its_range(minimum_iou):
    with pytest.raises(ValueError, match="minimum IoU"):
        match_regions([], [], minimum_iou=minimum_iou)


points = st.tuples(st.integers(0, 12), st.integers(0, 12))
outlines = st.lists(points, min_size=3, max_size=8).map(tuple)
boxes = st.builds(
    lambda left, top, width, height: region(left, top, left + width, top + height),
    *(st.integers(0, 8), st.integers(0, 8), st.integers(1, 8), st.integers(1, 8)),
)


@given(outlines, outlines)
def test_overlap_is_symmetric_and_within_bounds(first, second):
    overlap = polygon_iou(first, second)
    assert 0.0 <= overlap <= 1.0
    assert overlap == pytest.approx(polygon_iou(second, first), abs=1e-9)
    if polygon_area(first) > 0:
        assert polygon_iou(first, first) == 1.0
        # the outline may start anywhere and run either way
        assert polygon_iou(first, (*first[2:], *first[:2])[::-1]) == pytest.approx(1.0)


# no stretch of these outlines runs along another one
corners = st.tuples(st.floats(0, 12), st.floats(0, 12))


@given(st.lists(corners, min_size=3, max_size=8, unique=True))
@settings(max_examples=50)
def test_area_is_the_one_that_training_draws(outline):
    fine = 40
    centres = np.asarray(outline) * fine - 0.5
    drawn = np.zeros((12 * fine + 1, 12 * fine + 1), bool)
    drawn[draw.polygon(centres[:, 1], centres[:, 0], drawn.shape)] = True
    length = np.hypot(*np.diff([*outline, outline[0]], axis=0).T).sum()
    # cells that the outline crosses may count either way
    assert polygon_area(outline) == pytest.approx(drawn.sum() / fine**2, abs=length / fine)


def test_outline_drawn_twice_counts_once():
    square = box(0, 0, 4, 4)
    assert polygon_area((*square, *square)) == 16.0


@given(st.lists(boxes, max_size=4), st.lists(boxes, max_size=4), st.floats(0.05, 1.0))
def test_pairing_is_the_same_from_both_sides(first, second, minimum_iou):
    forth = match_regions(first, second, minimum_iou=minimum_iou)
    back = match_regions(second, first, minimum_iou=minimum_iou)
    assert len(forth.pairs) == len(back.pairs)
    assert sum(pair.iou for pair in forth.pairs) == pytest.approx(
        sum(pair.iou for pair in back.pairs)
    )
    assert forth.is_complete == back.is_complete
    assert len(forth.pairs) + len(forth.first_unmatched) == len(first)
    assert len(forth.pairs) + len(forth.second_unmatched) == len(second)


@given(st.lists(boxes, min_size=1, max_size=4))
def test_reader_agrees_with_an_equal_one(regions):
    matching = match_regions(regions, list(reversed(regions)), minimum_iou=1.0)
    assert matching.is_complete
    assert matching.worst_iou == 1.0
