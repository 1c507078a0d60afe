"""From stored bytes to network input: fetch, check, decode, preprocess, and keep what is hot."""

import struct
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError

from apps import blobs
from apps.cases.compute.pixels import display_image
from apps.errors import CoreadError, NotFound
from apps.inference.compute.preprocess import ImageError, to_network_input
from apps.inference.compute.spec import ModelSpec
from apps.inference.services.claims import FrameFailure

# What decoders raise for bytes they cannot make sense of. Anything else (a disk that does not
# answer, no memory) is no fault of the image: the job dies, and the lease brings it back.
DECODE_FAULTS: Final = (
    ValueError,
    RuntimeError,
    AttributeError,
    KeyError,
    EOFError,
    struct.error,
    InvalidDicomError,
)


class StoredFrame(Protocol):
    """A frame of a stored file, wherever it is named: in a claim or in a snapshot."""

    @property
    def rendition_sha256(self) -> str:
        """Name the blob."""

    @property
    def frame_number(self) -> int:
        """Count from 1."""


@dataclass(frozen=True)
class PreparedImage:
    """Network input of one frame.

    `values` is float32 (C, h, w), read-only; `image_to_input` maps image points to input points.
    """

    values: NDArray[np.float32]
    image_to_input: list[float]
    decode_ms: float
    preprocess_ms: float


class ImageUnusable(Exception):  # noqa: N818  a verdict on an image, not a fault of the program
    """An image that cannot become network input, and why."""

    def __init__(self, failure: FrameFailure) -> None:
        super().__init__(failure.code)
        self.failure = failure


class InputCache:
    """Prepared images by rendition, frame and preprocessing, the longest unused given up first."""

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._images: OrderedDict[tuple[str, int, str], PreparedImage] = OrderedDict()
        self._lock = threading.Lock()

    def load(self, frame: StoredFrame, spec: ModelSpec) -> PreparedImage:
        """Give an image's network input, decoded now or before.

        Raises
        ------
        ImageUnusable : its bytes are missing, changed, or do not decode
        """
        key = (frame.rendition_sha256, frame.frame_number, spec.preprocess_sha256)
        with self._lock:
            if key in self._images:
                self._images.move_to_end(key)
                return self._images[key]
        image = prepare_image(frame, spec)
        with self._lock:
            if key not in self._images and image.values.nbytes <= self._max_bytes:
                self._images[key] = image
                self._bytes += image.values.nbytes
            while self._bytes > self._max_bytes:
                _, given_up = self._images.popitem(last=False)
                self._bytes -= given_up.values.nbytes
        return image


def prepare_image(frame: StoredFrame, spec: ModelSpec) -> PreparedImage:
    """Read, check, decode and preprocess one frame.

    Raises
    ------
    ImageUnusable : its bytes are missing, changed, or do not decode
    """
    started = time.perf_counter()
    try:
        image = _display_image(frame)
        decoded = time.perf_counter()
        values, image_to_input = to_network_input(image, spec.preprocess)
    except NotFound as error:
        raise ImageUnusable(FrameFailure("image_missing", {}, is_final=True)) from error
    except (blobs.BlobDamaged, ImageError) as error:
        raise ImageUnusable(FrameFailure(error.code, {}, is_final=True)) from error
    except (*DECODE_FAULTS, CoreadError) as error:
        raise ImageUnusable(FrameFailure("decode_failed", {})) from error
    values.setflags(write=False)
    return PreparedImage(
        values=values,
        image_to_input=image_to_input,
        decode_ms=(decoded - started) * 1e3,
        preprocess_ms=(time.perf_counter() - decoded) * 1e3,
    )


def _display_image(frame: StoredFrame) -> NDArray[np.float32]:
    with blobs.local_file(frame.rendition_sha256) as path:
        if blobs.sha256_of(path) != frame.rendition_sha256:
            raise blobs.BlobDamaged("A stored image has changed.")
        return display_image(path, frame.frame_number)
