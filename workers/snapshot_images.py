"""The images of a snapshot, through the same decoding and preprocessing as every prediction."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from apps.inference.compute.snapshot import SnapshotItem
from apps.inference.compute.spec import ModelSpec
from workers.images import PreparedImage, prepare_image

# The last bits of a result depend on the size of its batch: every attempt takes the same.
BATCH_SIZE: Final = 32
DECODING_THREADS: Final = min(4, os.cpu_count() or 1)

Batch = tuple[Sequence[SnapshotItem], list[PreparedImage]]


def prepared_batches(items: Sequence[SnapshotItem], spec: ModelSpec) -> Iterator[Batch]:
    """Give all images in order, a batch at a time, the next one being decoded meanwhile.

    Raises
    ------
    ImageUnusable : an image whose bytes are missing, changed, or do not decode
    """
    with ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decode") as decoders:

        def decode(start: int) -> list[Future[PreparedImage]]:
            batch = items[start : start + BATCH_SIZE]
            return [decoders.submit(prepare_image, item, spec) for item in batch]

        coming = decode(0)
        try:
            for start in range(0, len(items), BATCH_SIZE):
                ready, coming = coming, decode(start + BATCH_SIZE)
                images = [image.result() for image in ready]
                yield items[start : start + BATCH_SIZE], images
        finally:
            for image in coming:
                image.cancel()
