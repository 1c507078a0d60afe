"""A real Chromium on software graphics, and the page with the viewer alone."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from apps.cases.compute.phantom_studies import demo_files
from tests.e2e.screen import PATIENCE_MS, USUAL_PATIENCE_MS

ROOT = Path(__file__).resolve().parent.parent.parent
FRONTEND = ROOT / "frontend"
HARNESS_PAGES = ROOT / "test-results" / "viewer_harness"
HARNESS_SOURCES = (
    "src/viewer",
    "src/i18n",
    "harness",
    "vite.harness.config.ts",
    "package-lock.json",
)
SOFTWARE_GL = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-gpu-rasterization",
    "--disable-accelerated-2d-canvas",
]


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's synthetic studies, made once for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "phantoms"
    with (shared / "phantoms.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        demo_files(folder, workers=2)
    return folder


@pytest.fixture(scope="session")
def chromium_path() -> str:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine")
    return path


@pytest.fixture(scope="module")
def launch_chromium(chromium_path: str) -> Iterator[Callable[..., Browser]]:
    """Start browsers with further command line arguments; all are closed after the module.

    Not for the session: Playwright's event loop would still run in later tests, and Django refuses
    its database inside one.
    """
    expect.set_options(timeout=USUAL_PATIENCE_MS)
    with sync_playwright() as playwright:
        browsers = []

        def launch(*arguments: str) -> Browser:
            browser = playwright.chromium.launch(
                executable_path=chromium_path, args=[*SOFTWARE_GL, *arguments]
            )
            browsers.append(browser)
            return browser

        yield launch
        for browser in browsers:
            browser.close()


@pytest.fixture(scope="module")
def chromium(launch_chromium: Callable[..., Browser]) -> Browser:
    return launch_chromium()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages that fail the test when their script throws or the content policy is broken."""
    contexts = []
    faults: list[str] = []

    def open_page(*, pixel_ratio: float = 1, size: tuple[int, int] = (640, 520)) -> Page:
        context = chromium.new_context(
            device_scale_factor=pixel_ratio, viewport={"width": size[0], "height": size[1]}
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security" in message.text else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


@pytest.fixture(scope="session")
def harness_pages() -> Path:
    """Build the page with the viewer alone, unless the built one is newer than its sources."""
    npx = shutil.which("npx")
    if npx is None or not (FRONTEND / "node_modules").is_dir():
        pytest.skip("the frontend's packages are not installed: npm ci in frontend/")
    built = HARNESS_PAGES / "index.html"
    if not built.is_file() or built.stat().st_mtime < newest_source():
        subprocess.run(
            [npx, "vite", "build", "--config", "vite.harness.config.ts", "--logLevel", "error"],
            cwd=FRONTEND,
            check=True,
        )
    return HARNESS_PAGES


def newest_source() -> float:
    files = (
        file
        for name in HARNESS_SOURCES
        for file in [FRONTEND / name, *(FRONTEND / name).rglob("*")]
        if file.is_file()
    )
    return max(file.stat().st_mtime for file in files)
