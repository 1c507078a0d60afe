"""What the viewport does in a real browser: decoding, turning, failing, switching, keys, mouse."""

import base64
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pydicom.pixels import apply_color_lut, apply_modality_lut
from pydicom.uid import generate_uid

from tests.e2e.screen import USUAL_PATIENCE_MS
from tests.e2e.viewer_harness.server import Scene, viewer_site
from tests.e2e.viewer_harness.synthetic import (
    colour_image,
    image,
    monochrome1,
    stack_scene,
    with_window,
)

pytestmark = [pytest.mark.full, pytest.mark.e2e]

# name of a file below shared/data/dicom, and the largest difference of a value
REAL_FILES = {
    "ct_same_image_16_syntaxes/CTImage.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_LittleEndianExplicitTransferSyntax_"
    "1.2.840.10008.1.2.1.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_RLELosslessTransferSyntax_1.2.840.10008.1.2.5.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_JPEGProcess14TransferSyntax_"
    "1.2.840.10008.1.2.4.57.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_JPEGProcess14SV1TransferSyntax_"
    "1.2.840.10008.1.2.4.70.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_JPEGLSLosslessTransferSyntax_"
    "1.2.840.10008.1.2.4.80.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_JPEGLSLossyTransferSyntax_1.2.840.10008.1.2.4.81.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_JPEG2000LosslessOnlyTransferSyntax_"
    "1.2.840.10008.1.2.4.90.dcm": 0,
    "ct_same_image_16_syntaxes/CTImage.dcm_JPEG2000TransferSyntax_1.2.840.10008.1.2.4.91.dcm": 0,
    "conformance/HTJ2KLossless_08_RGB.dcm": 0,
    "conformance/HTJ2K_08_RGB.dcm": 1,
    "conformance/SC_rgb_small_odd.dcm": 0,
    "conformance/SC_rgb_small_odd_jpeg.dcm": 3,
    "conformance/SC_ybr_full_uncompressed.dcm": 1,
    "conformance/examples_ybr_color.dcm": 3,
    "conformance/OBXXXX1A_rle_2frame.dcm": 1,
    "conformance/dx_image.dcm": 0,
}
VALUES = """() => {
  const decoded = viewer.viewport.getCornerstoneImage();
  const bytes = new Uint8Array(Float32Array.from(decoded.voxelManager.getScalarData()).buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  }
  return btoa(text);
}"""


def slices_with_faults() -> Scene:
    scene = stack_scene(slices=5)
    scene.broken = {0: (404, b""), 2: (200, b"too few bytes")}
    return scene


def windowed_scene() -> Scene:
    """Build a series in which every slice brings a window of its own, as MR does."""
    uids = {"study": generate_uid(), "series": generate_uid()}
    pixels = np.full((64, 64), 1000, np.uint16)
    slices = (image(pixels, instance_number=number, modality="MR", **uids) for number in (1, 2, 3))
    return Scene([with_window(one, 100 * n, 10 * n) for n, one in enumerate(slices, start=1)])


@pytest.fixture(scope="module")
def scenes() -> dict[str, Scene]:
    radiograph = image(np.full((200, 800), 1000, np.uint16), spacing_mm=(2.0, 0.5))
    unscaled = image(np.full((200, 200), 1000, np.uint16))
    return {
        "stack": stack_scene(),
        "faulty": slices_with_faults(),
        "radiograph": Scene([radiograph], spacing_kind="projected"),
        "unscaled": Scene([unscaled]),
        "monochrome1": Scene([monochrome1(image(np.full((100, 100), 4095, np.uint16)))]),
        "colour": Scene([colour_image(200, 100, 50)]),
        "windowed": windowed_scene(),
    }


@pytest.fixture(scope="module")
def site(harness_pages: Path, scenes: dict[str, Scene]) -> Iterator[str]:
    with viewer_site(harness_pages, scenes) as address:
        yield address


def wait_for_state(page: Page, condition: str) -> None:
    """Wait until the bare viewer's state `s` fulfils the condition."""
    script = f"() => {{ const s = window.viewer?.getState(); return s && ({condition}); }}"
    page.wait_for_function(script, timeout=USUAL_PATIENCE_MS)


def open_bare(page: Page, site: str, name: str, condition: str = "s.isPainted") -> None:
    page.goto(f"{site}/?bare&scene={name}")
    wait_for_state(page, condition)


def act(page: Page, script: str) -> dict[str, Any]:
    """Do something to the bare viewer; return its state once that has been drawn."""
    page.evaluate(script)
    page.evaluate(
        "() => new Promise((done) => {"
        " const wait = (n) => (n ? requestAnimationFrame(() => wait(n - 1)) : done());"
        " wait(4); })"
    )
    state: dict[str, Any] = page.evaluate("viewer.getState()")
    return state


def linear_part(state: dict[str, Any]) -> list[float]:
    a, b, _, d, e, _ = state["imageToCanvas"]
    return [a, b, d, e]


def reference_values(dataset: pydicom.Dataset) -> np.ndarray[Any, np.dtype[Any]]:
    """What the viewer should hold: pydicom's pixels of the first frame, in display units."""
    frame = dataset.pixel_array
    if int(dataset.get("NumberOfFrames", 1)) > 1:
        frame = frame[0]
    if dataset.PhotometricInterpretation == "PALETTE COLOR":
        colours = apply_color_lut(frame, dataset)
        return colours // 257 if colours.dtype == np.uint16 else colours
    return apply_modality_lut(frame, dataset) if dataset.SamplesPerPixel == 1 else frame


def test_decoded_pixels_equal_pydicoms(
    new_page: Callable[..., Page], harness_pages: Path, shared_data: Path
) -> None:
    scenes = {}
    for number, name in enumerate(REAL_FILES):
        dataset = pydicom.dcmread(shared_data / "dicom" / name)
        for level in ("Study", "Series", "SOP"):
            setattr(dataset, f"{level}InstanceUID", generate_uid())
        scenes[str(number)] = Scene([dataset])
    page = new_page(size=(300, 300))
    differences = {}
    with viewer_site(harness_pages, scenes) as address:
        open_bare(page, address, "0")
        for (name, tolerance), (key, scene) in zip(REAL_FILES.items(), scenes.items(), strict=True):
            page.evaluate("async (key) => viewer.setStack((await fetchStack(key)).stack)", key)
            wait_for_state(page, f"s.stackKey === '{key}' && s.status !== 'loading'")
            assert page.evaluate("viewer.getState().status") == "shown", name
            values = np.frombuffer(base64.b64decode(page.evaluate(VALUES)), np.float32)
            expected = reference_values(scene.datasets[0]).astype(np.float64).ravel()
            assert values.shape == expected.shape, name
            difference = float(np.abs(values - expected).max())
            if difference > tolerance:
                differences[name] = difference
    assert differences == {}


def test_turns_and_flips_are_those_of_the_screen(new_page: Callable[..., Page], site: str) -> None:
    page = new_page(size=(600, 600))
    open_bare(page, site, "radiograph")
    column, row = 0.75, 3.0  # 800 columns of 0.5 mm over 600 pixels, rows of 2 mm

    assert linear_part(act(page, "null")) == pytest.approx([column, 0, 0, row])
    right = act(page, "viewer.rotateBy(90)")
    assert linear_part(right) == pytest.approx([0, -row, column, 0], abs=1e-6)
    mirrored = act(page, "viewer.flip('horizontal')")
    assert linear_part(mirrored) == pytest.approx([0, row, column, 0], abs=1e-6)
    right_again = act(page, "viewer.rotateBy(90)")
    assert linear_part(right_again) == pytest.approx([-column, 0, 0, row], abs=1e-6)
    left = act(page, "viewer.rotateBy(-90)")
    assert linear_part(left) == pytest.approx([0, row, column, 0], abs=1e-6)
    upside_down = act(page, "viewer.flip('vertical')")
    assert linear_part(upside_down) == pytest.approx([0, row, -column, 0], abs=1e-6)
    assert linear_part(act(page, "viewer.reset()")) == pytest.approx([column, 0, 0, row])


def test_zoom_window_and_their_way_back(new_page: Callable[..., Page], site: str) -> None:
    page = new_page(size=(600, 600), pixel_ratio=2)
    open_bare(page, site, "radiograph")
    fitted = act(page, "null")["imageToCanvas"]

    native = act(page, "viewer.oneToOne()")
    assert native["zoom"] == pytest.approx(1.0)
    assert linear_part(native) == pytest.approx([0.5, 0, 0, 2.0])  # CSS pixels at ratio 2
    act(page, "viewer.panBy([30, -20]); viewer.zoomBy(3)")
    assert act(page, "viewer.fit()")["imageToCanvas"] == pytest.approx(fitted, abs=1e-3)

    windowed = act(page, "viewer.setWindow(100, 50); viewer.invert()")
    assert (windowed["windowWidth"], windowed["windowCentre"]) == pytest.approx((100, 50))
    assert windowed["isInverted"]
    reset = act(page, "viewer.reset()")
    assert (reset["windowWidth"], reset["windowCentre"]) == pytest.approx((4096, 2048))
    assert not reset["isInverted"]
    full = act(page, "viewer.applyPreset(2)")
    assert full["windowCentre"] == pytest.approx(1000.5)


def colour_on_screen(page: Page, x: int = 300, y: int = 260) -> tuple[int, int, int]:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    red, green, blue = picture.getpixel((x, y))
    return red, green, blue


def test_black_stays_black_and_colours_stay(new_page: Callable[..., Page], site: str) -> None:
    page = new_page()
    open_bare(page, site, "monochrome1")
    state = act(page, "null")
    assert colour_on_screen(page) == (0, 0, 0)
    assert not state["isInverted"], "inverting MONOCHROME1 is not the reader's doing"
    assert act(page, "viewer.invert()")["isInverted"]
    assert colour_on_screen(page) == (255, 255, 255)
    act(page, "viewer.reset()")
    assert colour_on_screen(page) == (0, 0, 0)

    open_bare(page, site, "colour")
    act(page, "viewer.reset()")
    assert colour_on_screen(page) == pytest.approx((200, 100, 50), abs=1)


def test_every_slice_has_its_own_window_until_the_reader_chooses_one(
    new_page: Callable[..., Page], site: str
) -> None:
    page = new_page()
    open_bare(page, site, "stack")
    act(page, "viewer.setWindow(333, 44)")
    assert act(page, "viewer.scrollBy(1)")["windowWidth"] == pytest.approx(333)
    page.evaluate("async () => viewer.setStack((await fetchStack('windowed')).stack)")
    wait_for_state(page, "s.stackKey === 'windowed' && s.isPainted")
    widths = [act(page, "null")["windowWidth"]]
    for slice_number in (2, 3):
        page.evaluate("viewer.scrollBy(1)")
        wait_for_state(page, f"s.sliceIndex === {slice_number - 1}")
        widths.append(act(page, "null")["windowWidth"])
    assert widths == pytest.approx([100, 200, 300])


def test_another_stack_hides_the_old_image_at_once(
    new_page: Callable[..., Page], site: str
) -> None:
    page = new_page()
    open_bare(page, site, "stack")
    act(page, "viewer.rotateBy(90); viewer.setWindow(300, 100); viewer.zoomBy(3)")
    page.evaluate("async () => { window.other = (await fetchStack('radiograph')).stack; }")
    at_once = page.evaluate(
        "() => { viewer.setStack(other);"
        " const canvas = document.querySelector('canvas.cornerstone-canvas');"
        " return [canvas.style.visibility, viewer.getState().isPainted]; }"
    )
    assert at_once == ["hidden", False]
    wait_for_state(page, "s.stackKey === 'radiograph' && s.isPainted")
    state = page.evaluate("viewer.getState()")
    assert (state["rotation"], state["windowWidth"]) == (0, 4096), "the old view was carried over"
    page.wait_for_function("() => paints.length === 2")
    timing = page.evaluate("paints[1]")
    assert timing["stackKey"] == "radiograph"
    assert timing["requestedAt"] < timing["loadedAt"] <= timing["paintedAt"]


def test_prefetched_images_are_not_fetched_again(new_page: Callable[..., Page], site: str) -> None:
    page = new_page()
    open_bare(page, site, "stack")
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.evaluate(
        "async () => { window.other = (await fetchStack('radiograph')).stack;"
        " await prefetchImages(other.images); }"
    )
    frames = [url for url in requests if "/frames/" in url]
    assert len(frames) == 1
    page.evaluate("viewer.setStack(other)")
    wait_for_state(page, "s.stackKey === 'radiograph' && s.isPainted")
    assert [url for url in requests if "/frames/" in url] == frames


def test_an_image_that_fails_says_so_and_can_be_asked_for_again(
    chromium: Browser, site: str, scenes: dict[str, Scene]
) -> None:
    # a context of its own: Cornerstone reports the failed request as an error of the page, too
    context = chromium.new_context(viewport={"width": 1000, "height": 600})
    page = context.new_page()
    page.goto(f"{site}/?scene=faulty")
    viewport = page.get_by_test_id("viewport")
    failure = page.get_by_test_id("viewport-failure")
    expect(viewport).to_have_attribute("data-status", "failed")
    expect(failure).to_contain_text("could not be shown")

    page.keyboard.press("ArrowDown")
    expect(viewport).to_have_attribute("data-status", "shown")
    expect(viewport).to_have_attribute("data-slice", "2")
    expect(failure).to_have_count(0)

    page.keyboard.press("ArrowDown")  # a frame of too few bytes must not be drawn
    expect(viewport).to_have_attribute("data-status", "failed")
    expect(viewport).to_have_attribute("data-slice", "3")
    assert page.locator("canvas.cornerstone-canvas").evaluate("c => c.style.visibility") == "hidden"

    repaired, scenes["faulty"].broken = scenes["faulty"].broken, {}
    failure.get_by_role("button", name="Try again").click()
    expect(viewport).to_have_attribute("data-status", "shown")
    expect(viewport).to_have_attribute("data-slice", "3")
    scenes["faulty"].broken = repaired
    context.close()


def test_keys_mouse_and_what_is_announced(new_page: Callable[..., Page], site: str) -> None:
    page = new_page(size=(1000, 640))
    page.goto(f"{site}/?scene=stack")
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-painted", "true")
    box = viewport.bounding_box()
    assert box is not None
    centre = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    page.keyboard.press("ArrowDown")
    expect(viewport).to_have_attribute("data-slice", "2")
    page.keyboard.press("End")
    expect(viewport).to_have_attribute("data-slice", "12")
    page.mouse.move(*centre)
    page.mouse.wheel(0, -100)
    expect(viewport).to_have_attribute("data-slice", "11")
    page.keyboard.press("2")
    expect(viewport).to_have_attribute("data-ww", "1500")
    expect(page.get_by_test_id("viewport-announcement")).to_have_text(
        "Slice 11 of 12, window 1500, level -600"
    )
    page.mouse.down()
    page.mouse.move(centre[0] + 40, centre[1], steps=4)
    page.mouse.up()
    expect(viewport).not_to_have_attribute("data-ww", "1500")

    expect(page.get_by_test_id("edge-left")).to_have_text("R")
    page.keyboard.press("h")
    expect(page.get_by_test_id("edge-left")).to_have_text("L")
    page.keyboard.press("r")
    expect(page.get_by_test_id("edge-top")).to_have_text("L")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("edge-left")).to_have_count(0)


@pytest.mark.parametrize(
    ("scene", "text"),
    [
        ("radiograph", "60.0 mm (projected)"),
        ("unscaled", "Length not evaluable: no pixel spacing"),
    ],
)
def test_a_length_is_in_millimetres_or_says_why_not(
    new_page: Callable[..., Page], site: str, scene: str, text: str
) -> None:
    page = new_page(size=(1000, 640))
    page.goto(f"{site}/?scene={scene}")
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-painted", "true")
    box = viewport.bounding_box()
    a, _, left, _, e, top = map(float, str(viewport.get_attribute("data-transform")).split())
    assert box is not None

    def on_screen(column: float, row: float) -> tuple[float, float]:
        return box["x"] + left + a * column, box["y"] + top + e * row

    page.keyboard.press("l")
    page.mouse.move(*on_screen(60, 40))
    page.mouse.down()
    page.mouse.move(*on_screen(132, 64), steps=5)  # 72 columns of 0.5 mm, 24 rows of 2 mm
    page.mouse.up()
    expect(page.locator("svg.svg-layer text")).to_have_text(text)


def test_without_webgl2_images_can_be_seen_but_not_drawn_on(
    launch_chromium: Callable[..., Browser], site: str
) -> None:
    page = launch_chromium("--disable-3d-apis").new_page(viewport={"width": 1000, "height": 600})
    page.goto(f"{site}/?scene=stack")
    viewport = page.get_by_test_id("viewport")
    expect(viewport).to_have_attribute("data-painted", "true")
    expect(page.get_by_test_id("view-only")).to_contain_text("WebGL 2")
    expect(page.get_by_role("button", name="Length")).to_be_disabled()
    page.keyboard.press("ArrowDown")
    expect(viewport).to_have_attribute("data-slice", "2")
