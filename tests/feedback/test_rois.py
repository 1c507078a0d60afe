"""Regions: every state of each is kept, where it was drawn and with what was visible then."""

import json
import math
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.cases.models import Case, Instance
from apps.feedback.review.models import Review, RoiRevision
from tests.factories import CaseInstanceFactory, FindingFactory, InstanceFactory
from tests.feedback.acts import addendum, payload, refused, save, sign
from tests.feedback.conftest import Room

COLUMNS, ROWS = 640, 480
TRIANGLE = [[10.25, 20.5], [30.75, 20.5], [10.25, 60.0]]
SQUARE = [[100.0, 100.0], [140.0, 100.0], [140.0, 140.0], [100.0, 140.0]]


@pytest.fixture
def image(room: Room) -> Instance:
    """The first case's image, 640 x 480, spacing (2.0, 0.5): 2 mm between rows."""
    instance = room.first.instances.get()
    Instance.objects.filter(pk=instance.pk).update(
        columns=COLUMNS,
        rows=ROWS,
        row_spacing_mm=2.0,
        column_spacing_mm=0.5,
        spacing_kind="patient",
    )
    instance.refresh_from_db()
    return instance


def roi(image: Instance, vertices: Any = None, **changes: Any) -> dict[str, Any]:
    """A region as the viewer sends it."""
    body = {
        "roi_id": str(uuid.uuid4()),
        "finding": "pneumonia",
        "sop_instance_uid": image.sop_instance_uid,
        "frame_number": 1,
        "kind": "freehand",
        "vertices": TRIANGLE if vertices is None else vertices,
        "laterality": "",
    }
    return body | changes


def saved(room: Room, *rois: dict[str, Any], revision: int, **changes: Any) -> None:
    body = room.reading(revision=revision, rois=list(rois), **changes)
    response = save(room.lin_client, room.first, body)
    assert response.status_code == 200, response.json()


def drawn(room: Room) -> list[dict[str, Any]]:
    return payload(room.lin_client, room.first)["draft"]["rois"]


def revisions(roi_id: str) -> list[RoiRevision]:
    return list(RoiRevision.objects.filter(roi_id=roi_id).order_by("number"))


def test_every_state_of_a_region_is_a_revision_and_an_unchanged_one_is_none(room: Room, image):
    one, other = roi(image), roi(image, SQUARE, kind="rectangle", laterality="L")
    moved = one | {"vertices": [[x + 5, y] for x, y in TRIANGLE]}
    saved(room, one, other, revision=0)
    saved(room, one, other, revision=1)  # nothing changed
    saved(room, moved, other, revision=2)
    saved(room, other, revision=3)  # one is taken away
    saved(room, other, revision=4)
    assert [each["roi_id"] for each in drawn(room)] == [other["roi_id"]]
    saved(room, moved, other, revision=5)  # undo
    history = revisions(one["roi_id"])
    assert [row.number for row in history] == [1, 2, 3, 4]
    assert [row.is_removed for row in history] == [False, False, True, False]
    assert [row.vertices[0] for row in history] == [[10.25, 20.5]] + 3 * [[15.25, 20.5]]
    assert {row.author for row in history} == {room.lin}
    assert [row.number for row in revisions(other["roi_id"])] == [1]
    assert {each["roi_id"] for each in drawn(room)} == {one["roi_id"], other["roi_id"]}


def test_regions_come_in_the_order_in_which_they_were_first_drawn(room: Room, image):
    ids = [str(uuid.UUID(int=number)) for number in (9, 3, 7, 1)]
    first, second, third, fourth = (roi(image, SQUARE, roi_id=each) for each in ids)
    saved(room, first, second, revision=0)
    saved(room, third, second, first, revision=1)
    saved(room, fourth, first | {"laterality": "L"}, second, third, revision=2)
    assert [each["roi_id"] for each in drawn(room)] == ids


def test_a_long_reading_costs_no_more_to_open_or_to_save(room: Room, image, monkeypatch):
    """Of hundreds of revisions of a region only the last is read."""
    read: list[str] = []
    from_db = RoiRevision.from_db.__func__

    def counted(cls: Any, *row: Any) -> RoiRevision:
        revision = from_db(cls, *row)
        read.append(str(revision.roi_id))
        return revision

    monkeypatch.setattr(RoiRevision, "from_db", classmethod(counted))
    one = roi(image)
    counts = []
    for revision in range(6):
        saved(room, one | {"vertices": [[x + revision, y] for x, y in TRIANGLE]}, revision=revision)
        drawn(room)
        counts.append(len(read))
        read.clear()
    assert len(set(counts[1:])) == 1
    assert RoiRevision.objects.count() == 6


@pytest.mark.parametrize(
    "change",
    [
        {"finding": "nodule"},
        {"kind": "ellipse"},
        {"laterality": "R"},
        {"vertices": [[10.26, 20.5], *TRIANGLE[1:]]},
        {"vertices": TRIANGLE[1:] + TRIANGLE[:1]},
    ],
)
def test_whatever_changes_in_a_region_is_a_new_revision(room: Room, image, change):
    one = roi(image)
    saved(room, one, revision=0)
    saved(room, one | change, revision=1)
    before, after = revisions(one["roi_id"])
    assert (before.number, after.number) == (1, 2)
    back = next(each for each in drawn(room) if each["roi_id"] == one["roi_id"])
    assert {name: back[name] for name in change} == change


def test_a_region_on_another_frame_or_image_of_the_case_is_a_new_revision(room: Room, image):
    second = InstanceFactory(series=image.series, rows=ROWS, columns=COLUMNS, number_of_frames=3)
    CaseInstanceFactory(case=room.first, instance=second)
    one = roi(image)
    saved(room, one, revision=0)
    saved(room, one | {"sop_instance_uid": second.sop_instance_uid}, revision=1)
    saved(room, one | {"sop_instance_uid": second.sop_instance_uid, "frame_number": 3}, revision=2)
    assert [(row.instance, row.frame_number) for row in revisions(one["roi_id"])] == [
        (image, 1),
        (second, 1),
        (second, 3),
    ]


def test_a_revision_says_which_ai_output_was_visible_and_in_what_it_was_drawn(room: Room, image):
    one = roi(image)
    client = {"renderer": "webgl", "pixel_ratio": 2.0, "version": "1.2.3"}
    saved(room, one, revision=0, case_prediction_id=None)
    saved(room, one | {"kind": "ellipse"}, revision=1, client=client)
    saved(room, revision=2)
    without, with_ai, removed = revisions(one["roi_id"])
    assert (without.ai_visible, without.case_prediction, without.client) == (False, None, {})
    assert (with_ai.ai_visible, with_ai.case_prediction) == (True, room.answer)
    assert with_ai.client == client
    assert (removed.ai_visible, removed.case_prediction) == (True, room.answer)


def test_area_and_diameter_with_unequal_spacing(room: Room, image):
    """By hand: 0.5 mm a column, 2 mm a row.

    Square of 40 x 40 px: 20 mm x 80 mm = 1600 mm², diagonal hypot(20, 80) = 82.4621 mm.
    Triangle: legs 20.5 px = 10.25 mm and 39.5 px = 79 mm: 404.875 mm², hypot 79.6622 mm.
    """
    square, triangle = roi(image, SQUARE), roi(image, TRIANGLE)
    saved(room, square, triangle, revision=0)
    by_id = {each["roi_id"]: each for each in drawn(room)}
    assert by_id[square["roi_id"]]["area_mm2"] == pytest.approx(1600)
    assert by_id[square["roi_id"]]["diameter_mm"] == pytest.approx(82.46211)
    assert by_id[triangle["roi_id"]]["area_mm2"] == pytest.approx(404.875)
    assert by_id[triangle["roi_id"]]["diameter_mm"] == pytest.approx(79.66218)
    assert by_id[square["roi_id"]]["spacing_kind"] == "patient"


def test_a_radiograph_measures_in_the_detector_and_says_so(room: Room, image):
    Instance.objects.filter(pk=image.pk).update(spacing_kind="projected")
    saved(room, roi(image, SQUARE), revision=0)
    (back,) = drawn(room)
    assert (back["spacing_kind"], back["area_mm2"]) == ("projected", pytest.approx(1600))


def test_without_spacing_nothing_is_measured(room: Room, image):
    Instance.objects.filter(pk=image.pk).update(
        row_spacing_mm=None, column_spacing_mm=None, spacing_kind="none"
    )
    saved(room, roi(image, SQUARE), revision=0)
    (back,) = drawn(room)
    assert (back["spacing_kind"], back["area_mm2"], back["diameter_mm"]) == ("none", None, None)


def test_what_is_measured_is_what_is_stored(room: Room, image):
    """0.004 px vanish in storage, so they may not count in the area either."""
    nudged = [[100.004, 100.0], [140.004, 100.0], [140.004, 140.0], [100.004, 140.0]]
    saved(room, roi(image, SQUARE), roi(image, nudged), revision=0)
    one, other = drawn(room)
    assert one["vertices"] == other["vertices"] == SQUARE
    assert one["area_mm2"] == other["area_mm2"] == pytest.approx(1600)


def test_the_longest_diameter_of_many_vertices_is_that_of_all_pairs(room: Room, image):
    star = [
        [
            round(320 + radius * math.cos(turn / 200 * math.pi), 2),
            round(240 + radius * math.sin(turn / 200 * math.pi), 2),
        ]
        for turn in range(400)
        for radius in [100 + 90 * math.sin(turn * 1.7)]
    ]
    saved(room, roi(image, star), revision=0)
    longest = max(math.hypot((a[0] - b[0]) * 0.5, (a[1] - b[1]) * 2.0) for a in star for b in star)
    assert drawn(room)[0]["diameter_mm"] == pytest.approx(longest, rel=1e-12)


OUTSIDE = [
    [[-0.5, 10], [20, 10], [20, 30]],
    [[10, 10], [COLUMNS + 0.02, 10], [20, 30]],
    [[10, 10], [20, ROWS + 1], [20, 30]],
]
FLAT = [
    [[10, 10], [20, 20], [30, 30]],
    [[10, 10], [10, 10], [10, 10]],
    [[10, 10], [10.004, 10], [10, 10.004]],  # a point, once it is stored
    [[10, 10], [20, 20], [20, 10], [10, 20]],  # a bow tie whose halves cancel
]
# What DRF or the service says, and the region that earns it.
BAD_REGIONS: list[tuple[str, dict[str, Any]]] = [
    *(("roi_outside_image", {"vertices": vertices}) for vertices in OUTSIDE),
    *(("roi_without_area", {"vertices": vertices}) for vertices in FLAT),
    ("invalid", {"vertices": [[10, 10], [20, 20]]}),
    ("invalid", {"vertices": [[n, n * n / 400] for n in range(401)]}),
    ("invalid", {"vertices": [[10, 10, 10], [20, 10], [20, 20]]}),
    ("invalid", {"vertices": [["NaN", 10], [20, 10], [20, 20]]}),
    ("invalid", {"vertices": [["Infinity", 10], [20, 10], [20, 20]]}),
    ("invalid", {"vertices": [[10**400, 10], [20, 10], [20, 20]]}),
    ("invalid", {"vertices": "circle"}),
    ("unknown_finding", {"finding": "dragon"}),
    ("unknown_image", {"sop_instance_uid": "1.2.3"}),
    ("invalid", {"frame_number": 0}),
    ("unknown_image", {"frame_number": 2}),
    ("invalid", {"frame_number": 2**40}),
    ("invalid", {"kind": "circle"}),
    ("invalid", {"laterality": "X"}),
    ("invalid", {"roi_id": "one"}),
]


@pytest.mark.parametrize(("code", "change"), BAD_REGIONS)
@pytest.mark.parametrize("act", [save, sign])
def test_a_bad_region_is_refused_with_a_reason_and_nothing_is_stored(
    room: Room, image, act, code, change
):
    body = room.reading(rois=[roi(image, SQUARE), roi(image) | change], findings_text="lost?")
    response = act(room.lin_client, room.first, body)
    assert refused(response, 400) == code
    assert response.json()["fields"]
    assert not Review.objects.exists()
    assert not RoiRevision.objects.exists()


@pytest.mark.parametrize(
    ("number", "code"), [("NaN", "parse_error"), ("Infinity", "parse_error"), ("1e400", "invalid")]
)
def test_what_is_no_number_in_json_is_no_vertex(room: Room, image, number, code):
    body = json.dumps(room.reading(rois=[roi(image, [[-7.5, 10], [20, 10], [20, 20]])]))
    body = body.replace("-7.5", number)
    assert refused(save(room.lin_client, room.first, body), 400) == code
    assert not Review.objects.exists()


@pytest.mark.parametrize("ratio", ["NaN", "Infinity", 0, 17, 10**400, "wide"])
def test_a_pixel_ratio_that_no_database_holds_is_refused(room: Room, image, ratio):
    body = room.reading(rois=[roi(image)], client={"pixel_ratio": ratio})
    assert refused(save(room.lin_client, room.first, body), 400) == "invalid"
    assert not Review.objects.exists()


def test_an_image_of_another_case_or_without_pixels_is_unknown(room: Room, image):
    foreign = room.second.instances.get()
    Instance.objects.filter(pk=foreign.pk).update(rows=ROWS, columns=COLUMNS)
    report = InstanceFactory(series=image.series, has_pixels=False, rows=ROWS, columns=COLUMNS)
    CaseInstanceFactory(case=room.first, instance=report)
    for instance in (foreign, report):
        body = room.reading(rois=[roi(instance)])
        assert refused(save(room.lin_client, room.first, body), 400) == "unknown_image"
    assert not Review.objects.exists()


def test_one_region_sent_twice_and_more_than_two_hundred_are_refused(room: Room, image):
    twice = roi(image)
    body = room.reading(rois=[twice, twice | {"kind": "ellipse"}])
    assert refused(save(room.lin_client, room.first, body), 400) == "too_many_rois"
    body = room.reading(rois=[roi(image) for _ in range(201)])
    assert refused(save(room.lin_client, room.first, body), 400) == "invalid"
    assert not Review.objects.exists()
    body = room.reading(rois=[roi(image) for _ in range(200)])
    assert save(room.lin_client, room.first, body).status_code == 200
    assert RoiRevision.objects.count() == 200


def test_a_stale_tab_adds_no_revision(room: Room, image):
    one = roi(image)
    saved(room, one, revision=0)
    stale = room.reading(revision=0, rois=[one | {"vertices": SQUARE}, roi(image)])
    assert refused(save(room.lin_client, room.first, stale), 409) == "stale_revision"
    assert [row.vertices for row in RoiRevision.objects.all()] == [TRIANGLE]


def test_a_corner_on_the_edge_of_the_image_is_on_the_image(room: Room, image):
    whole = [[0, 0], [COLUMNS, 0], [COLUMNS, ROWS], [0, ROWS]]
    saved(room, roi(image, whole), revision=0)
    assert drawn(room)[0]["vertices"] == whole


def test_regions_go_with_the_signature_and_begin_the_addendum(room: Room, image, release):
    FindingFactory(project=room.project, code="mass")
    one, other = roi(image), roi(image, SQUARE)
    saved(room, one, other, revision=0)
    sign(room.lin_client, room.first, room.reading(revision=1, rois=[one]))
    release()
    assert addendum(room.smith_client, room.first).status_code == 200
    begun = payload(room.smith_client, room.first)
    assert [each["roi_id"] for each in begun["draft"]["rois"]] == [one["roi_id"]]
    larger = one | {"vertices": SQUARE, "finding": "mass"}
    signed = sign(room.smith_client, room.first, room.reading(rois=[larger]))
    assert signed.json()["version"] == 2
    first, second = payload(room.lin_client, room.first)["reviews"]
    assert [each["vertices"] for each in first["rois"]] == [TRIANGLE]
    assert [each["vertices"] for each in second["rois"]] == [SQUARE]
    by_review = RoiRevision.objects.filter(roi_id=one["roi_id"]).order_by("created_at")
    assert [(row.review.version, row.number) for row in by_review] == [(1, 1), (2, 1), (2, 2)]


@st.composite
def simple_polygons(draw: st.DrawFn) -> list[list[float]]:
    """Star-shaped polygons within the image: simple, of any orientation and start."""
    count = draw(st.integers(3, 60))
    radii = draw(st.lists(st.floats(0.05, 1.0), min_size=count, max_size=count))
    x = draw(st.floats(1, COLUMNS - 1))
    y = draw(st.floats(1, ROWS - 1))
    reach_x, reach_y = min(x, COLUMNS - x), min(y, ROWS - y)
    corners = [
        [
            x + reach_x * radius * math.cos(2 * math.pi * place / count),
            y + reach_y * radius * math.sin(2 * math.pi * place / count),
        ]
        for place, radius in enumerate(radii)
    ]
    return corners[::-1] if draw(st.booleans()) else corners


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(polygons=st.lists(simple_polygons(), min_size=1, max_size=12))
def test_any_simple_polygons_come_back_to_a_hundredth_of_a_pixel(room: Room, image, polygons):
    sent = {each["roi_id"]: each for each in (roi(image, polygon) for polygon in polygons)}
    revision = Review.objects.values_list("revision", flat=True).first() or 0
    saved(room, *sent.values(), revision=revision)
    back = drawn(room)
    assert {each["roi_id"] for each in back} == set(sent)
    for each in back:
        pairs = zip(each["vertices"], sent[each["roi_id"]]["vertices"], strict=True)
        for stored, drawn_at in pairs:
            assert stored == pytest.approx(drawn_at, abs=0.005 + 1e-9)
    before = RoiRevision.objects.count()
    saved(room, *back, revision=revision + 1)
    assert RoiRevision.objects.count() == before  # what came back is what is there


def test_a_case_of_another_study_has_its_own_regions(room: Room, image):
    def regions_of(case: Case) -> list[Any]:
        return payload(room.lin_client, case)["draft"]["rois"]

    there = room.second.instances.get()
    Instance.objects.filter(pk=there.pk).update(rows=ROWS, columns=COLUMNS)
    one, other = roi(image), roi(there, SQUARE)
    saved(room, one, revision=0)
    body = room.reading(rois=[other], case_prediction_id=None)
    assert save(room.lin_client, room.second, body).status_code == 200
    assert [each["roi_id"] for each in regions_of(room.first)] == [one["roi_id"]]
    assert [each["roi_id"] for each in regions_of(room.second)] == [other["roi_id"]]
