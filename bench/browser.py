"""How long does a radiologist wait for pixels: the first image of a login, and the next case?"""

import datetime
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from bench.figure import Figure
from scripts.stack import Person, Stack, running

NEXT_CASE_LIMIT_MS: Final = 300.0
ROWS, COLUMNS = 3000, 2500
CASES: Final = 12
FIRST_IMAGES: Final = 5
PATIENCE_MS: Final = 120_000
ARGUMENTS: Final = [
    "--no-sandbox",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
]

# Where the time of a first image goes, by what the browser's own clock saw being fetched.
PARTS: Final = {
    "script": "/static/",
    "payload": "/review",
    "metadata": "/metadata",
    "frame": "/frames/",
}
WATCH_NEXT: Final = """() => {
  const viewport = document.querySelector('[data-testid=viewport]');
  const before = viewport.dataset.stack;
  window.nextPaint = new Promise((resolve, reject) => {
    let pressed = 0;
    setTimeout(() => reject(new Error('the next case does not appear')), 30000);
    window.addEventListener('keydown', (event) => { pressed ||= event.timeStamp; }, true);
    const look = () => {
      const now = document.querySelector('[data-testid=viewport]');
      const isNext = now && now.dataset.stack !== before && now.dataset.painted === 'true';
      if (pressed && isNext) resolve(performance.now() - pressed);
      else requestAnimationFrame(look);
    };
    look();
  });
}"""
RENDERER: Final = """() => {
  const gl = document.createElement('canvas').getContext('webgl2');
  const facts = gl && gl.getExtension('WEBGL_debug_renderer_info');
  return facts ? gl.getParameter(facts.UNMASKED_RENDERER_WEBGL) : 'no WebGL2';
}"""


def write_radiograph(path: Path, *, number: int) -> None:
    """Write a 3000 x 2500 16-bit DX image: a smooth field with detector noise."""
    generator = np.random.default_rng(number)
    rows, columns = np.mgrid[0:ROWS, 0:COLUMNS]
    field = 20_000 + 9_000 * np.sin(rows / 400 + number) + 6_000 * np.cos(columns / 300)
    pixels = (field + generator.normal(0, 150, field.shape)).clip(0, 65_535).astype("<u2")
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.PatientID, dataset.PatientName = f"BENCH{number}", f"Bench^Number{number}"
    dataset.StudyDate = datetime.date(2026, 1, 1).strftime("%Y%m%d")
    # A view outside of the demo model's scope: nothing is suggested, so one key signs.
    dataset.Modality, dataset.BodyPartExamined, dataset.ViewPosition = "DX", "CHEST", "LL"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = ROWS, COLUMNS
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.WindowCenter, dataset.WindowWidth = "20000", "40000"
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)


def open_page(browser: Browser, stack: Stack, username: str) -> Page:
    """Log in with an empty profile."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(stack.url)
    page.locator("input[autocomplete=username]").fill(username)
    page.locator("input[type=password]").fill(f"coread-{username}")
    page.keyboard.press("Enter")
    page.locator("tbody tr").first.wait_for()
    return page


def wait_for_paint(page: Page) -> None:
    """Wait until the viewer has painted the present case."""
    page.locator("[data-testid=viewport][data-painted=true]").wait_for()


def first_image(browser: Browser, stack: Stack, address: str) -> dict[str, float]:
    """Open one case in a fresh login, all caches empty; milliseconds in all and of each part."""
    page = open_page(browser, stack, "radiologist")
    page.goto(stack.url + address, wait_until="commit")
    wait_for_paint(page)
    measures: list[dict[str, Any]] = page.evaluate(
        "() => performance.getEntriesByName('coread.first-image').map((each) => each.toJSON())"
    )
    resources: list[dict[str, Any]] = page.evaluate(
        "() => performance.getEntriesByType('resource').map((each) => each.toJSON())"
    )
    page.context.close()
    shown = measures[0]
    parts = {"total": shown["startTime"] + shown["duration"], "viewer": shown["duration"]}
    for part, mark in PARTS.items():
        spans = [r for r in resources if mark in r["name"] and r["startTime"] < parts["total"]]
        parts[part] = max((r["responseEnd"] for r in spans), default=0.0) - min(
            (r["startTime"] for r in spans), default=0.0
        )
    return parts


def next_case_times(page: Page) -> list[float]:
    """Sign case after case; milliseconds from the key to the next case's first paint."""
    taken: list[float] = []
    for _ in range(CASES - 1):
        wait_for_paint(page)
        page.wait_for_load_state("networkidle")  # a reader looks at least this long
        page.locator("button:has(kbd):has-text('Sign'):enabled").wait_for()
        page.evaluate(WATCH_NEXT)
        page.keyboard.press("Control+Enter")
        taken.append(page.evaluate("() => window.nextPaint"))
    return taken


def print_first_image(samples: list[dict[str, float]], where: str) -> None:
    """Print the median of the whole and of each part."""
    for part in samples[0]:
        name = "e2e_first_image_ms" if part == "total" else f"e2e_first_image_{part}_ms"
        value = statistics.median(sample[part] for sample in samples)
        Figure(name, value, "ms", "", None, None, len(samples), where).print()


def main() -> None:
    """Print `e2e_first_image_ms` with its parts, and `next_case_paint_ms`."""
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("No chromium on this machine.")
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder)) as stack,
        sync_playwright() as playwright,
    ):
        person = Person(stack, "reader", "coread-reader")
        project = person.json("/api/projects")[0]["id"]
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        rows = person.send("POST", f"/api/projects/{project}/worklist", {"limit": 1})["rows"]
        address = f"/projects/{project}/cases/{rows[0]['case_id']}"
        samples = [first_image(browser, stack, address) for _ in range(FIRST_IMAGES)]
        cases = []
        for number in range(CASES):
            path = Path(folder) / "radiograph.dcm"
            write_radiograph(path, number=number)
            cases.append(person.upload(project, path)["case_id"])
        sign_others(person, project, keep=set(cases))
        page = open_page(browser, stack, "radiologist")
        where = str(page.evaluate(RENDERER))
        page.goto(f"{stack.url}/projects/{project}/cases/{cases[0]}")
        times = next_case_times(page)
        browser.close()
    print_first_image(samples, f"demo case 1024 x 1024, empty profile, {where}")
    p95 = float(np.percentile(times, 95))
    Figure(
        figure="next_case_paint_ms",
        value=p95,
        unit="ms",
        peer="limit where the browser has hardware GL",
        peer_value=NEXT_CASE_LIMIT_MS,
        ratio=NEXT_CASE_LIMIT_MS / p95,
        n=len(times),
        where=f"p95, key to paint, prefetched {ROWS} x {COLUMNS} 16 bit, {where}",
    ).print()


def sign_others(person: Person, project: str, *, keep: set[str]) -> None:
    """Sign every case but those to be measured, so that these follow one another."""
    query = {"status": ["unread"], "limit": 100}
    for row in person.send("POST", f"/api/projects/{project}/worklist", query)["rows"]:
        if row["case_id"] not in keep:
            reading = {"revision": 0, "decisions": [], "findings_text": ""}
            person.send("POST", f"/api/cases/{row['case_id']}/review/sign", reading)


if __name__ == "__main__":
    main()
