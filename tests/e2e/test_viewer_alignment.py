"""Does the heat map lie where the model looked? Measured in screenshots, not computed.

The image has bright pixels exactly where one cell of the map lies. One screenshot shows the image
alone, one the map alone; the two bright boxes must agree within one CSS pixel on every side.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page

from tests.e2e.viewer_harness.server import Scene, viewer_site
from tests.e2e.viewer_harness.synthetic import GRID_SIZE, marked_scene

pytestmark = [pytest.mark.full, pytest.mark.e2e]

OBLIQUE = [0.8, 0.6, 0.0, 0.0, 0.0, -1.0]
TRANSFORMS = {
    "fit": "",
    "zoomed in": "viewer.zoomBy(1.7)",
    "zoomed out": "viewer.zoomBy(0.63)",
    "panned": "viewer.panBy([37.25, -51.5])",
    "rotated 90": "viewer.rotateBy(90)",
    "rotated 37": "viewer.rotateBy(37)",
    "flipped left-right": "viewer.flip('horizontal')",
    "flipped top-bottom": "viewer.flip('vertical')",
    "all together": (
        "viewer.flip('horizontal'); viewer.rotateBy(37); viewer.zoomBy(1.4); viewer.panBy([25, 40])"
    ),
    "all together, turned back to fit": (
        "viewer.flip('vertical'); viewer.rotateBy(90); viewer.zoomBy(2); viewer.fit()"
    ),
}


def scenes() -> dict[str, Scene]:
    stretched = [GRID_SIZE / 2240, 0, 0, 0, GRID_SIZE / 560, 0]
    # 700 columns and 560 rows in the middle of a square of 700: 70 rows of padding above and below
    letterboxed = [GRID_SIZE / 700, 0, 0, 0, GRID_SIZE / 700, 70 * GRID_SIZE / 700]
    return {
        "anisotropic": marked_scene(
            shape=(560, 2240),
            cell=(9, 3),
            image_to_grid=stretched,
            spacing_mm=(2.0, 0.5),
            orientation=OBLIQUE,
        ),
        "letterbox": marked_scene(
            shape=(560, 700),
            cell=(4, 8),
            image_to_grid=letterboxed,
            spacing_mm=None,
            orientation=None,
        ),
    }


@pytest.fixture(scope="module")
def site(harness_pages: Path) -> Iterator[str]:
    with viewer_site(harness_pages, scenes()) as address:
        yield address


def open_scene(page: Page, site: str, name: str) -> None:
    page.goto(f"{site}/?bare&scene={name}")
    page.wait_for_function("() => window.viewer?.getState().isPainted === true")


def settle(page: Page) -> None:
    """Wait until what was asked of the viewer has been drawn and put on the screen."""
    page.evaluate(
        "() => new Promise((done) => {"
        " const wait = (n) => (n ? requestAnimationFrame(() => wait(n - 1)) : done());"
        " wait(4); })"
    )


def box_of(page: Page, red_above: int) -> NDArray[np.float64]:
    """Left, top, right and bottom edge of what is bright, in device pixels."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    bright = np.asarray(picture)[:, :, 0] >= red_above
    assert bright.any(), "nothing bright on the screen"
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)


def boxes(page: Page) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    canvas = "document.querySelector('canvas.cornerstone-canvas')"
    page.evaluate("showHeatMap(false)")
    settle(page)
    image = box_of(page, red_above=137)  # halfway between dark and bright
    page.evaluate(f"showHeatMap(true); {canvas}.style.opacity = '0'")
    settle(page)
    heat_map = box_of(page, red_above=126)  # half of inferno's brightest red
    page.evaluate(f"{canvas}.style.opacity = ''")
    return image, heat_map


@pytest.mark.parametrize("pixel_ratio", [1, 2])
@pytest.mark.parametrize("scene", ["anisotropic", "letterbox"])
def test_heat_map_lies_on_the_image(
    new_page: Callable[..., Page], site: str, scene: str, pixel_ratio: int
) -> None:
    page = new_page(pixel_ratio=pixel_ratio)
    open_scene(page, site, scene)
    differences = {}
    fitted = None
    for name, act in TRANSFORMS.items():
        page.evaluate("viewer.reset()")
        settle(page)
        page.evaluate(act or "null")
        settle(page)
        image, heat_map = boxes(page)
        fitted = image if fitted is None else fitted
        assert name == "fit" or not np.array_equal(image, fitted), f"{name} changed nothing"
        differences[name] = float(np.abs(image - heat_map).max()) / pixel_ratio
    assert max(differences.values()) <= 1.0, differences


def test_a_shifted_map_would_be_noticed(new_page: Callable[..., Page], site: str) -> None:
    """Half a pixel of the image (the corner against the centre) is more than this test forgives."""
    page = new_page(pixel_ratio=2)
    open_scene(page, site, "anisotropic")
    page.evaluate("viewer.zoomBy(4); viewer.panBy([-300, 400])")
    settle(page)
    page.evaluate(
        "() => { const m = layers[0].imageToGrid;"
        " layers[0] = {...layers[0], imageToGrid: [...m.slice(0, 5), m[5] - 0.5 * m[4]]}; }"
    )
    image, heat_map = boxes(page)
    assert np.abs(image - heat_map).max() / 2 > 1.0
