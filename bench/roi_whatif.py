"""How long does one update take while a region is dragged: move it, and answer for every finding?

The viewer's own JavaScript, built and run in Chromium; 14 findings on a grid of 16 x 16.
"""

import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import numpy as np
from playwright.sync_api import sync_playwright

from bench.figure import Figure

LIMIT_MS: Final = 4.0
FINDINGS, GRID = 14, 16
UPDATES, WARM_UP = 1000, 100
FRONTEND: Final = Path(__file__).resolve().parent.parent / "frontend"

# a wobbly outline round the middle of a radiograph, drawn with 600 points, moved to and fro
MEASURE: Final = """({ findings, grid, updates, warmUp }) => {
  const size = { columns: 854, rows: 1024 };
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647 - 0.5;
  const maps = Array.from({ length: findings }, () => ({
    values: Float32Array.from({ length: grid * grid }, () => 20 * random()),
    columns: grid,
    rows: grid,
  }));
  const side = Math.max(size.columns, size.rows);
  const whatIf = window.createWhatIf({
    maps,
    biases: maps.map(random),
    imageLogits: maps.map(random),
    temperature: 1.3,
    activation: 'sigmoid',
    exclusiveGroups: [],
    imageToGrid: [grid / side, 0, (grid * (1 - size.columns / side)) / 2, 0, grid / side, 0],
    imageSize: size,
  });
  const path = Array.from({ length: 600 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 600;
    const radius = 160 + 16 * Math.sin(3 * angle);
    return [427 + radius * Math.cos(angle), 512 + radius * Math.sin(angle)];
  });
  let { vertices } = window.shapeFromPath(path, size);
  const milliseconds = [];
  let last = null;
  for (let i = 0; i < warmUp + updates; i += 1) {
    const way = [3.3 * Math.cos(i / 9), 2.7 * Math.sin(i / 7)];
    const start = performance.now();
    vertices = window.moveVertices(vertices, way, size);
    last = whatIf(vertices);
    const end = performance.now();
    if (i >= warmUp) milliseconds.push(end - start);
  }
  return { milliseconds, vertices: vertices.length, state: last.state };
}"""


class IsolatedHandler(SimpleHTTPRequestHandler):
    """Static files, with the headers that give the page a clock of 5 microseconds."""

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Print figures only."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port; yield its address."""
    handler = partial(IsolatedHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def measured(chromium: str, pages: Path) -> dict[str, Any]:
    """Run the updates in the page that has the viewer alone."""
    with serving(pages) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.wait_for_function("() => window.createWhatIf !== undefined")
        sizes = {"findings": FINDINGS, "grid": GRID, "updates": UPDATES, "warmUp": WARM_UP}
        answer: dict[str, Any] = page.evaluate(MEASURE, sizes)
        browser.close()
    return answer


def main() -> None:
    """Print `roi_whatif_ms`."""
    chromium, npx = shutil.which("chromium"), shutil.which("npx")
    if chromium is None or npx is None:
        sys.exit("No chromium or no npx on this machine.")
    with tempfile.TemporaryDirectory(prefix="coread-") as folder:
        build = [npx, "vite", "build", "--config", "vite.harness.config.ts"]
        options = ["--outDir", folder, "--emptyOutDir", "--logLevel", "error"]
        subprocess.run([*build, *options], cwd=FRONTEND, check=True)
        answer = measured(chromium, Path(folder))
    if answer["state"] != "ok":
        sys.exit(f"The region has no answer: {answer['state']}.")
    p95 = float(np.percentile(answer["milliseconds"], 95))
    Figure(
        figure="roi_whatif_ms",
        value=p95,
        unit="ms",
        peer="limit",
        peer_value=LIMIT_MS,
        ratio=LIMIT_MS / p95,
        n=len(answer["milliseconds"]),
        where=(
            f"p95 of one drag update, {FINDINGS} findings, {GRID} x {GRID} maps, "
            f"freehand of {answer['vertices']} vertices, Chromium"
        ),
    ).print()


if __name__ == "__main__":
    main()
