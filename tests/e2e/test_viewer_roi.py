"""Regions drawn with a real mouse: do they come back where they were drawn, in any view?

The image has a bright block at known pixels. Where it is on the screen is measured in a screenshot,
the mouse goes from one of its corners to the other, and the vertices must be the block's.
"""

import io
import itertools
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from apps.explain.compute.roi import roi_coverage, roi_pooled_logits
from tests.e2e.viewer_harness.server import Scene, viewer_site
from tests.e2e.viewer_harness.synthetic import BRIGHT, DARK, image, stack_scene

pytestmark = [pytest.mark.full, pytest.mark.e2e]

Point = tuple[float, float]

COLUMNS, ROWS = 400, 100
BLOCK = (120, 30, 290, 70)  # left, top, right, bottom
OBLIQUE = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
# the image, in millimetres 200 x 200, resized to 16 columns and 12 rows: two rows of padding each
LETTERBOX = [16 / COLUMNS, 0, 0, 0, 12 / ROWS, 2]
MAPS = np.random.default_rng(5).normal(0, 20, (14, 16, 16)).astype(np.float16)
BIASES = np.linspace(-3, 2, 14)
# what the browser computes of a drawn region, from the bytes the server sends
WHAT_IF = """async ({ biases, imageToGrid, imageSize }) => {
  const bytes = await (await fetch('/maps/maps')).arrayBuffer();
  const whatIf = createWhatIf({
    maps: decodeMaps(bytes, [14, 16, 16]),
    biases,
    imageLogits: biases.map(() => 0),
    temperature: 1,
    activation: 'sigmoid',
    exclusiveGroups: [],
    imageToGrid,
    imageSize,
  });
  return whatIf(rois.at(-1).vertices);
}"""
# keys that turn the view, after a reset
VIEWS = {
    "fit": [],
    "zoomed and panned": ["Shift+Equal", "Alt+ArrowRight", "Alt+ArrowUp"],
    "turned right": ["r"],
    "turned left and zoomed out": ["Shift+R", "Minus"],
    "mirrored": ["h"],
    "upside down": ["v"],
    "mirrored, turned and panned": ["h", "r", "Alt+ArrowLeft"],
}


@pytest.fixture(scope="module")
def site(harness_pages: Path) -> Iterator[str]:
    pixels = np.full((ROWS, COLUMNS), DARK, np.uint16)
    left, top, right, bottom = BLOCK
    pixels[top:bottom, left:right] = BRIGHT
    block = image(pixels, spacing_mm=(2.0, 0.5), orientation=OBLIQUE)
    radiograph = image(np.full((200, 200), 1000, np.uint16), spacing_mm=(0.5, 0.5))
    scenes = {
        "block": Scene([block]),
        "radiograph": Scene([radiograph], spacing_kind="projected"),
        "unscaled": Scene([image(np.full((200, 200), 1000, np.uint16))]),
        "stack": stack_scene(slices=3, size=200),
        "maps": Scene([block], maps=MAPS, image_to_grid=LETTERBOX),
    }
    with viewer_site(harness_pages, scenes) as address:
        yield address


def open_scene(page: Page, site: str, name: str, rois: list[Any] | None = None) -> None:
    stored = "" if rois is None else quote(json.dumps(rois))
    page.goto(f"{site}/?scene={name}&rois={stored}")
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-painted", "true", timeout=30_000)
    settle(page)


def settle(page: Page) -> None:
    """Wait until what was asked of the viewer has been drawn and put on the screen."""
    page.evaluate(
        "() => new Promise((done) => {"
        " const wait = (n) => (n ? requestAnimationFrame(() => wait(n - 1)) : done());"
        " wait(4); })"
    )


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def on_screen(page: Page, *points: Point) -> list[Point]:
    """Where image points are on the page, by the matrix the viewer publishes."""
    viewport = page.get_by_test_id("viewport")
    box = viewport.bounding_box()
    a, b, c, d, e, f = map(float, str(viewport.get_attribute("data-transform")).split())
    assert box is not None
    return [(box["x"] + a * x + b * y + c, box["y"] + d * x + e * y + f) for x, y in points]


def drag(page: Page, path: list[Point], *, steps: int = 4) -> None:
    """Press at the first point of the page, go through the others, let go at the last."""
    page.mouse.move(*path[0])
    page.mouse.down()
    for point in path[1:]:
        page.mouse.move(*point, steps=steps)
    page.mouse.up()
    settle(page)


def draw(page: Page, key: str, *points: Point) -> dict[str, Any]:
    """Draw with the tool on `key` through image points; return the region made."""
    before = len(page.evaluate("rois"))
    press(page, key)
    drag(page, on_screen(page, *points))
    rois: list[dict[str, Any]] = page.evaluate("rois")
    assert len(rois) == before + 1
    return rois[-1]


def bounds(vertices: list[list[float]]) -> tuple[float, float, float, float]:
    columns, rows = zip(*vertices, strict=True)
    return min(columns), min(rows), max(columns), max(rows)


def block_on_screen(page: Page) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is bright on the image, in CSS pixels of the page."""
    canvas = page.locator("canvas.cornerstone-canvas")
    layer = page.get_by_test_id("rois")
    layer.evaluate("(svg) => { svg.style.visibility = 'hidden'; }")
    picture = Image.open(io.BytesIO(canvas.screenshot())).convert("L")
    layer.evaluate("(svg) => { svg.style.visibility = ''; }")
    box = canvas.bounding_box()
    assert box is not None
    ratio = picture.width / box["width"]
    bright = np.asarray(picture) >= 137  # halfway between dark and bright
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    return (
        box["x"] + columns[0] / ratio,
        box["y"] + rows[0] / ratio,
        box["x"] + (columns[-1] + 1) / ratio,
        box["y"] + (rows[-1] + 1) / ratio,
    )


def outline_on_screen(page: Page, index: int = -1) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a drawn outline, in CSS pixels of the page."""
    edges: list[float] = page.evaluate(
        "(index) => { const line = [...document.querySelectorAll('.viewer-roi-line')].at(index);"
        " const m = line.getScreenCTM();"
        " const at = ({x, y}) => [m.a * x + m.c * y + m.e, m.b * x + m.d * y + m.f];"
        " const box = line.getBBox();"
        " const [p, q] = [at(box), at({x: box.x + box.width, y: box.y + box.height})];"
        " return [Math.min(p[0], q[0]), Math.min(p[1], q[1]),"
        "         Math.max(p[0], q[0]), Math.max(p[1], q[1])]; }",
        index,
    )
    left, top, right, bottom = edges
    return left, top, right, bottom


@pytest.mark.parametrize("pixel_ratio", [1, 2])
def test_a_region_drawn_over_known_pixels_comes_back_as_these(
    new_page: Callable[..., Page], site: str, pixel_ratio: int
) -> None:
    page = new_page(pixel_ratio=pixel_ratio, size=(1200, 800))
    open_scene(page, site, "block")
    press(page, "Space")  # no text over the image
    errors = {}
    for name, keys in VIEWS.items():
        press(page, "w", "Escape", "Shift+Digit0", *keys)
        left, top, right, bottom = block_on_screen(page)
        press(page, "b")
        drag(page, [(left, top), (right, bottom)])
        roi = page.evaluate("rois.at(-1)")
        assert roi["kind"] == "rectangle"
        errors[name] = np.abs(np.subtract(bounds(roi["vertices"]), BLOCK)).max()
        drawn = np.array(outline_on_screen(page))
        assert np.abs(drawn - (left, top, right, bottom)).max() <= 1.0, name
        press(page, "Delete")
        assert page.evaluate("rois") == []
    assert max(errors.values()) <= 0.5, errors


@pytest.mark.parametrize("pixel_ratio", [1, 2])
def test_ellipse_and_freehand_are_where_the_mouse_went(
    new_page: Callable[..., Page], site: str, pixel_ratio: int
) -> None:
    page = new_page(pixel_ratio=pixel_ratio, size=(1200, 800))
    open_scene(page, site, "block")
    press(page, "h", "r", "Shift+Equal")
    ellipse = draw(page, "e", (110, 20), (250, 60))
    assert bounds(ellipse["vertices"]) == pytest.approx((110, 20, 250, 60), abs=0.5)
    press(page, "Escape")

    way = [
        (200 + 60 * math.cos(t), 50 + 20 * math.sin(t) * (1 + 0.2 * math.cos(3 * t)))
        for t in np.linspace(0, 2 * math.pi, 120)
    ]
    freehand = draw(page, "f", *way)
    vertices = freehand["vertices"]
    assert len(vertices) < 80, "simplified"
    assert all(round(value, 2) == value for vertex in vertices for value in vertex)
    ring = [*vertices, vertices[0]]
    for x, y in way:
        assert min(distance((x, y), a, b) for a, b in itertools.pairwise(ring)) <= 0.5


def distance(point: Point, start: list[float], end: list[float]) -> float:
    """Distance of a point from the line between two others."""
    p, a, b = np.array(point), np.array(start), np.array(end)
    t = np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
    return float(np.hypot(*(p - a - t * (b - a))))


def test_the_browser_pools_what_the_server_pools(new_page: Callable[..., Page], site: str) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, "maps")
    size = {"columns": COLUMNS, "rows": ROWS}
    model = {"biases": list(BIASES), "imageToGrid": LETTERBOX, "imageSize": size}
    corners = [(0.0, 0.0), (COLUMNS, 0.0), (COLUMNS, ROWS), (0.0, ROWS)]
    image_part = roi_coverage(corners, LETTERBOX, (16, 16))
    star = [
        (190 + r * 9 * math.cos(t), 52 + r * 2 * math.sin(t))
        for t, r in zip(np.linspace(0, 5.9, 14), [20, 11] * 7, strict=True)
    ]
    for key, points in {"b": [(31, 12), (187, 61)], "e": [(210, 5), (395, 93)], "f": star}.items():
        drawn = draw(page, key, *points)
        answer = page.evaluate(WHAT_IF, model)
        press(page, "Delete")
        inside = roi_coverage(drawn["vertices"], LETTERBOX, (16, 16))
        expected = roi_pooled_logits(MAPS, BIASES, inside)
        outside = roi_pooled_logits(MAPS, BIASES, image_part - inside)
        outputs = answer["outputs"]
        assert [one["pooledLogit"] for one in outputs] == pytest.approx(expected, rel=1e-9)
        assert [one["outsideLogit"] for one in outputs] == pytest.approx(outside, rel=1e-9)
        assert answer["areaShare"] == pytest.approx(inside.sum() / image_part.sum())


def test_stored_regions_are_drawn_where_they_were(new_page: Callable[..., Page], site: str) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, "block")
    draw(page, "b", (60, 10), (150, 40))
    press(page, "Escape")
    draw(page, "e", (200, 30), (380, 90))
    press(page, "Escape")
    stored = page.evaluate("rois")
    drawn = [outline_on_screen(page, index) for index in (0, 1)]

    other = new_page(size=(1200, 800), pixel_ratio=2)
    open_scene(other, site, "block", stored)
    assert other.evaluate("rois") == stored
    for index, edges in enumerate(drawn):
        assert outline_on_screen(other, index) == pytest.approx(edges, abs=0.1)

    press(other, "r", "h", "Alt+ArrowLeft")
    corners = on_screen(other, (200, 30), (380, 90))
    turned = outline_on_screen(other, 1)
    assert (turned[0], turned[2]) == pytest.approx(sorted(x for x, _ in corners), abs=0.1)
    assert (turned[1], turned[3]) == pytest.approx(sorted(y for _, y in corners), abs=0.1)


def test_keys_move_and_size_the_selected_region_exactly(
    new_page: Callable[..., Page], site: str
) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, "stack")
    roi = draw(page, "b", (40, 50), (80, 90))
    left, top, right, bottom = bounds(roi["vertices"])

    def box() -> tuple[float, float, float, float]:
        return bounds(page.evaluate("rois[0].vertices"))

    press(page, "ArrowRight", "ArrowDown", "Shift+ArrowDown")
    assert box() == pytest.approx((left + 1, top + 11, right + 1, bottom + 11), abs=1e-9)
    press(page, "ArrowLeft", "Shift+ArrowUp", "ArrowUp")
    assert box() == pytest.approx((left, top, right, bottom), abs=1e-9)
    press(page, "Control+ArrowRight", "Control+Shift+ArrowUp")
    assert box() == pytest.approx((left - 0.5, top - 5, right + 0.5, bottom + 5), abs=1e-9)
    press(page, "Control+ArrowLeft", "Control+Shift+ArrowDown")

    press(page, "r")
    press(page, "ArrowRight")  # turned right, the rows run from right to left
    assert box() == pytest.approx((left, top - 1, right, bottom - 1), abs=1e-9)
    press(page, "ArrowDown")  # and the columns down
    assert box() == pytest.approx((left + 1, top - 1, right + 1, bottom - 1), abs=1e-9)
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-slice", "1")

    press(page, "Escape", "ArrowDown")
    expect(viewport).to_have_attribute("data-slice", "2")
    expect(page.get_by_test_id("roi")).to_have_count(0)  # it belongs to the first slice
    press(page, "ArrowUp")
    expect(page.get_by_test_id("roi")).to_have_count(1)


def test_what_makes_no_region(new_page: Callable[..., Page], site: str) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, "radiograph")
    press(page, "b")
    drag(page, on_screen(page, (50, 50)))  # a click
    drag(page, on_screen(page, (50, 50), (120, 50)))  # a line

    page.mouse.move(*on_screen(page, (50, 50))[0])
    page.mouse.down()
    page.mouse.move(*on_screen(page, (90, 90))[0], steps=3)
    expect(page.get_by_test_id("roi-preview")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("roi-preview")).to_have_count(0)
    page.mouse.move(*on_screen(page, (130, 130))[0], steps=3)
    page.mouse.up()
    settle(page)
    assert page.evaluate("roiEvents") == []

    press(page, "f")
    drag(page, on_screen(page, (20, 20), (80, 80), (80, 20), (20, 80)))  # a figure of eight
    expect(page.get_by_test_id("roi-refused")).to_contain_text("crosses itself")
    assert page.evaluate("[rois, roiEvents]") == [[], []]


def test_a_drag_reports_once_a_frame_and_always_its_end(
    new_page: Callable[..., Page], site: str
) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, "radiograph")
    roi = draw(page, "b", (50, 50), (90, 100))
    left, top, right, bottom = bounds(roi["vertices"])
    page.evaluate("roiEvents.length = 0")

    path = on_screen(page, (70, 75), (100, 65))
    drag(page, path, steps=20)  # within: moves
    moved = bounds(page.evaluate("rois[0].vertices"))
    assert moved == pytest.approx((left + 30, top - 10, right + 30, bottom - 10), abs=0.5)
    events = page.evaluate("roiEvents")
    assert events[-1] == ["change", "end"]
    assert events[:-1] == [["change", "drag"]] * (len(events) - 1)
    assert 1 <= len(events) - 1 <= 20

    drag(page, on_screen(page, (moved[2], moved[3]), (150, 140)))  # the corner below on the right
    bent = bounds(page.evaluate("rois[0].vertices"))
    assert bent == pytest.approx((moved[0], moved[1], 150, 140), abs=0.5)

    page.evaluate("roiEvents.length = 0")
    page.mouse.move(*on_screen(page, (110, 100))[0])
    page.mouse.down()
    page.mouse.move(*on_screen(page, (100, 90))[0], steps=3)
    settle(page)
    page.evaluate("() => { window.dispatchEvent(new Event('blur')); }")  # another window comes
    interrupted = bounds(page.evaluate("rois[0].vertices"))
    assert interrupted[0] == pytest.approx(bent[0] - 10, abs=0.5)
    assert page.evaluate("roiEvents.at(-1)") == ["change", "end"]
    page.mouse.move(*on_screen(page, (60, 60))[0], steps=3)
    page.mouse.up()
    settle(page)
    assert bounds(page.evaluate("rois[0].vertices")) == pytest.approx(interrupted)

    page.mouse.move(*on_screen(page, (110, 100))[0])
    page.mouse.down()
    page.mouse.move(*on_screen(page, (140, 130))[0], steps=3)
    settle(page)
    assert bounds(page.evaluate("rois[0].vertices")) != pytest.approx(interrupted)
    page.keyboard.press("Escape")
    page.mouse.up()
    settle(page)
    assert bounds(page.evaluate("rois[0].vertices")) == pytest.approx(interrupted)
    assert page.evaluate("roiEvents.at(-1)") == ["change", "end"]
    expect(page.locator("[data-selected=true]")).to_have_count(1)


def roi_of(template: dict[str, Any], **change: Any) -> dict[str, Any]:
    return {**template, **change}


def square(left: float, top: float, side: float) -> list[list[float]]:
    return [[left, top], [left + side, top], [left + side, top + side], [left, top + side]]


def test_signed_regions_leave_the_press_to_the_tool(
    new_page: Callable[..., Page], site: str
) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, "radiograph")
    template = draw(page, "b", (20, 20), (60, 60))
    stored = [
        roi_of(template, roiId="signed", tone="readonly", vertices=square(20, 20, 60)),
        roi_of(template, roiId="other", tone="dim", vertices=square(110, 110, 60)),
    ]
    open_scene(page, site, "radiograph", stored)
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-ww", "4096")
    drag(page, on_screen(page, (50, 50), (90, 50)))  # window, although over a region
    expect(viewport).not_to_have_attribute("data-ww", "4096")
    width = str(viewport.get_attribute("data-ww"))
    drag(page, on_screen(page, (140, 140), (170, 140)))  # over one that is not selected, too
    expect(viewport).not_to_have_attribute("data-ww", width)
    assert page.evaluate("[rois, roiEvents]") == [stored, []]

    page.mouse.click(*on_screen(page, (50, 50))[0])
    page.mouse.click(*on_screen(page, (140, 140))[0])
    assert page.evaluate("roiEvents") == [["select", "other"]]
    page.mouse.click(*on_screen(page, (190, 30))[0])
    assert page.evaluate("roiEvents.at(-1)") == ["select", None]

    before = outline_on_screen(page, 1)
    press(page, "Alt+ArrowRight", "Alt+ArrowDown")  # 40 CSS pixels each
    assert outline_on_screen(page, 1) == pytest.approx([edge + 40 for edge in before], abs=0.1)


@pytest.mark.parametrize(
    ("scene", "label", "longest"),
    [
        # of an ellipse the longer axis, not the diagonal of its box
        ("radiograph", "Nodule · R · 30 × 20 mm projected", "30 mm projected"),
        ("unscaled", "Nodule · R · size not evaluable", "not evaluable: no pixel spacing"),
    ],
)
def test_a_region_can_be_made_from_numbers(
    new_page: Callable[..., Page], site: str, scene: str, label: str, longest: str
) -> None:
    page = new_page(size=(1200, 800))
    open_scene(page, site, scene)
    draw(page, "e", (50, 50), (56, 57))
    fields = page.get_by_test_id("roi-fields")
    check = fields.get_by_role("status")
    expect(check).to_contain_text("minimum" if scene == "radiograph" else "not evaluable")
    for name, number in {
        "Width": "60",
        "Height": "40",
        "Centre column": "100,5",
        "Centre row": "90",
    }.items():
        fields.get_by_label(name).fill(number)
        fields.get_by_label(name).press("Enter")
    fields.get_by_text("Right", exact=True).click()
    assert bounds(page.evaluate("rois[0].vertices")) == (70.5, 70, 130.5, 110)
    expect(page.locator(".viewer-roi-label")).to_have_text(label)
    expect(fields.locator("dd").first).to_have_text(longest)
    fields.get_by_label("Width").press("Shift+ArrowUp")
    assert bounds(page.evaluate("rois[0].vertices")) == (65.5, 70, 135.5, 110)
    fields.get_by_label("Width").fill("wide")
    fields.get_by_label("Width").press("Enter")
    expect(fields.get_by_label("Width")).to_have_value("70")
    fields.get_by_role("button", name="Delete the region").click()
    assert page.evaluate("rois") == []


def test_without_webgl2_nothing_can_be_drawn(
    launch_chromium: Callable[..., Browser], site: str
) -> None:
    page = launch_chromium("--disable-3d-apis").new_page(viewport={"width": 1200, "height": 700})
    open_scene(page, site, "radiograph")
    expect(page.get_by_role("button", name="Draw a rectangle")).to_be_disabled()
    press(page, "b")
    drag(page, on_screen(page, (50, 50), (120, 120)))
    assert page.evaluate("[rois, roiEvents]") == [[], []]
