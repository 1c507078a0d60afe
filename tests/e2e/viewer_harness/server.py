"""The page with the viewer, and the frames it asks for: all that a viewer test needs of a server.

Scenes are made in memory from pydicom datasets; frames go out in the syntax they are stored in.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.tag import Tag

CONTENT_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".wasm": "application/wasm",
}
# the policy of the product, but for styles
CSP = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "img-src 'self' data: blob:; connect-src 'self'; style-src 'self' 'unsafe-inline'"
)
INLINE_BYTES = 200_000


@dataclass
class Scene:
    """One series to show, with a heat map for its first frame or without."""

    datasets: list[Dataset]
    spacing_kind: str = "patient"
    maps: NDArray[np.float16] | None = None
    image_to_grid: list[float] = field(default_factory=list)
    scale: float = 1.0
    # answers instead of a frame: status and body, by index of the instance
    broken: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    @property
    def study(self) -> str:
        return str(self.datasets[0].StudyInstanceUID)

    @property
    def series(self) -> str:
        return str(self.datasets[0].SeriesInstanceUID)

    def description(self, name: str) -> dict[str, Any]:
        maps = None
        if self.maps is not None:
            maps = {
                "url": f"/maps/{name}",
                "shape": list(self.maps.shape),
                "image_to_grid": self.image_to_grid,
                "exclusive_groups": [],
                "scale": self.scale,
            }
        return {"study": self.study, "series": self.series_of_review(), "maps": maps}

    def map_bytes(self) -> bytes:
        return b"" if self.maps is None else self.maps.astype("<f2").tobytes()

    def series_of_review(self) -> dict[str, Any]:
        return {
            "series_instance_uid": self.series,
            "modality": str(self.datasets[0].get("Modality", "OT")),
            "instances": [self.instance_of_review(dataset) for dataset in self.datasets],
        }

    def instance_of_review(self, dataset: Dataset) -> dict[str, Any]:
        row_mm, column_mm = dataset.get("PixelSpacing", (None, None))
        return {
            "sop_instance_uid": str(dataset.SOPInstanceUID),
            "rows": dataset.Rows,
            "columns": dataset.Columns,
            "number_of_frames": int(dataset.get("NumberOfFrames", 1)),
            "row_spacing_mm": row_mm if row_mm is None else float(row_mm),
            "column_spacing_mm": column_mm if column_mm is None else float(column_mm),
            "spacing_kind": "none" if row_mm is None else self.spacing_kind,
            "has_pixels": True,
        }

    def metadata(self) -> list[dict[str, Any]]:
        answer = []
        for dataset in self.datasets:
            header = Dataset()
            for element in dataset:
                if element.tag != Tag("PixelData"):
                    header.add(element)
            header.AvailableTransferSyntaxUID = transfer_syntax(dataset)
            answer.append(header.to_json_dict(INLINE_BYTES, suppress_invalid_tags=True))
        return answer

    def frame(self, sop_instance_uid: str, number: int) -> tuple[int, str, bytes]:
        uids = [str(dataset.SOPInstanceUID) for dataset in self.datasets]
        index = uids.index(sop_instance_uid)
        if index in self.broken:
            status, body = self.broken[index]
            return status, transfer_syntax(self.datasets[index]), body
        dataset = self.datasets[index]
        return 200, transfer_syntax(dataset), frame_bytes(dataset, number)


def transfer_syntax(dataset: Dataset) -> str:
    return str(dataset.file_meta.TransferSyntaxUID)


def frame_bytes(dataset: Dataset, number: int) -> bytes:
    """Return the bytes of one frame as stored, fragments joined."""
    frames = int(dataset.get("NumberOfFrames", 1))
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        return list(generate_frames(dataset.PixelData, number_of_frames=frames))[number - 1]
    pixels = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel
    length = pixels * dataset.BitsAllocated // 8
    return bytes(dataset.PixelData[(number - 1) * length : number * length])


class SceneServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, pages: Path, scenes: dict[str, Scene]) -> None:
        super().__init__(("127.0.0.1", 0), SceneHandler)
        self.pages = pages
        self.scenes = scenes

    def scene_of(self, study: str) -> Scene:
        return next(scene for scene in self.scenes.values() if scene.study == study)


class SceneHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SceneServer

    def log_message(self, *_: object) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        scenes, scene_of = self.server.scenes, self.server.scene_of
        match urlsplit(self.path).path.strip("/").split("/"):
            case ["scenes", name]:
                self.send_json(scenes[name].description(name))
            case ["maps", name]:
                self.send(200, "application/octet-stream", scenes[name].map_bytes())
            case ["dicomweb", "studies", study, "series", _, "metadata"]:
                self.send_json(scene_of(study).metadata())
            case ["dicomweb", "studies", study, "series", _, "instances", sop, "frames", number]:
                self.send_frame(*scene_of(study).frame(sop, int(number)))
            case path:
                self.send_page("/".join(path))

    def send_page(self, path: str) -> None:
        file = self.server.pages / (path or "index.html")
        if not file.is_file():
            self.send(404, "text/plain", b"")
            return
        content_type = CONTENT_TYPES.get(file.suffix, "application/octet-stream")
        self.send(200, content_type, file.read_bytes())

    def send_frame(self, status: int, syntax: str, frame: bytes) -> None:
        part = f"Content-Type: application/octet-stream; transfer-syntax={syntax}"
        body = b"".join([b"--frame\r\n", part.encode(), b"\r\n\r\n", frame, b"\r\n--frame--\r\n"])
        kind = 'multipart/related; type="application/octet-stream"; boundary=frame'
        self.send(status, kind, body)

    def send_json(self, answer: object) -> None:
        self.send(200, "application/json", json.dumps(answer).encode())

    def send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def viewer_site(pages: Path, scenes: dict[str, Scene]) -> Iterator[str]:
    """Serve the built page and the scenes on a free port; yield the address."""
    with SceneServer(pages, scenes) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
