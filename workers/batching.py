"""Answers waiting images in batches, with reading, computing and writing at the same time.

Three hands: the caller's thread runs the network; one thread owns the database (it stores the batch
before and claims the batch after the one that is being computed); a few threads decode. What is
claimed but not stored when the process dies comes back by its lease.
"""

import functools
import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
import torch
from django.conf import settings
from django.db import connections

from apps.errors import CoreadError
from apps.inference.compute.predict import BatchPrediction, predict_batch
from apps.inference.compute.preprocess import image_to_grid
from apps.inference.services.claims import (
    ClaimedBatch,
    ClaimedFrame,
    FrameFailure,
    FrameResult,
    claim_batch,
    predictions_fail,
    predictions_store,
)
from workers.failpoints import failpoint
from workers.images import ImageUnusable, InputCache, PreparedImage
from workers.loaded_models import LoadedModels, ModelUnusable, best_device

log = logging.getLogger("coread.inference")

DECODING_THREADS: Final = min(4, os.cpu_count() or 1)


@dataclass(frozen=True)
class BatchLimits:
    """How much one claim may hold: so many images, and about so much work."""

    images: int
    work_s: float


@dataclass(frozen=True)
class _Reading:
    """A claimed batch whose images are being decoded."""

    batch: ClaimedBatch
    images: tuple[Future[PreparedImage], ...]


@dataclass(frozen=True)
class _Outcome:
    """What became of each image of a batch."""

    batch: ClaimedBatch
    results: list[FrameResult]
    failures: dict[UUID, FrameFailure]


class Predictor:
    """Works off the queue; one a process, because a process has one device."""

    def __init__(self, *, models: LoadedModels, inputs: InputCache, limits: BatchLimits) -> None:
        self._models = models
        self._inputs = inputs
        self._limits = limits
        self._seconds_an_image = 0.0

    def run(self, *, budget_s: float) -> bool:
        """Work until nothing waits (False) or the time is spent (True: more may wait)."""
        deadline = time.monotonic() + budget_s
        with (
            ThreadPoolExecutor(DECODING_THREADS, thread_name_prefix="decode") as decoders,
            ThreadPoolExecutor(1, thread_name_prefix="rows") as rows,
        ):
            try:
                return self._run(rows, decoders=decoders, deadline=deadline)
            finally:
                rows.submit(connections.close_all).result()

    def _run(
        self, rows: ThreadPoolExecutor, *, decoders: ThreadPoolExecutor, deadline: float
    ) -> bool:
        writing: Future[None] = rows.submit(lambda: None)
        reading = rows.submit(self._claim, decoders).result()
        while reading is not None:
            is_over = time.monotonic() > deadline
            claiming = None if is_over else rows.submit(self._claim, decoders)
            outcome = self._compute(reading)
            writing.result()
            writing = rows.submit(self._write, outcome)
            if claiming is None:
                writing.result()
                return True
            reading = claiming.result()
            if reading is None:
                # A failed batch returns its images to the queue: look again after it is written.
                writing.result()
                reading = rows.submit(self._claim, decoders).result()
        return False

    def _claim(self, decoders: ThreadPoolExecutor) -> _Reading | None:
        batch = claim_batch(self._batch_size())
        if batch is None:
            return None
        failpoint("claimed")
        spec = batch.model.spec
        return _Reading(
            batch,
            tuple(decoders.submit(self._inputs.load, frame, spec) for frame in batch.frames),
        )

    def _batch_size(self) -> int:
        if not self._seconds_an_image:
            return self._limits.images
        fitting = int(self._limits.work_s / self._seconds_an_image)
        return max(1, min(self._limits.images, fitting))

    def _compute(self, reading: _Reading) -> _Outcome:
        batch = reading.batch
        images: dict[ClaimedFrame, PreparedImage] = {}
        failures: dict[UUID, FrameFailure] = {}
        for frame, decoding in zip(batch.frames, reading.images, strict=True):
            try:
                images[frame] = decoding.result()
            except ImageUnusable as unusable:
                failures[frame.prediction_id] = unusable.failure
        results: list[FrameResult] = []
        if images:
            try:
                results = self._predict(batch, images)
            except ModelUnusable as unusable:
                failures |= {frame.prediction_id: unusable.failure for frame in images}
            except (ValueError, RuntimeError, CoreadError) as error:
                log.warning("a batch of %d images failed: %s", len(images), type(error).__name__)
                failure = FrameFailure(_fault_code(error), {})
                failures |= {frame.prediction_id: failure for frame in images}
        return _Outcome(batch, results, failures)

    def _predict(
        self, batch: ClaimedBatch, images: Mapping[ClaimedFrame, PreparedImage]
    ) -> list[FrameResult]:
        model = self._models.get(batch.model)
        failpoint("computing")
        started = time.perf_counter()
        inputs = np.stack([image.values for image in images.values()])
        answer = predict_batch(model, inputs, temperature=batch.model.temperature)
        self._seconds_an_image = (time.perf_counter() - started) / len(images)
        return [
            _frame_result(batch, frame=frame, image=image, answer=answer, index=index)
            for index, (frame, image) in enumerate(images.items())
        ]

    def _write(self, outcome: _Outcome) -> None:
        if outcome.failures:
            predictions_fail(outcome.batch, outcome.failures)
        if outcome.results:
            stored = predictions_store(outcome.batch, outcome.results)
            late = len(outcome.results) - len(stored)
            if late:
                log.warning("%d answers came after their lease and were refused", late)
        failpoint("stored")


@functools.cache
def predictor() -> Predictor:
    """Give this process's predictor."""
    device, dtype = best_device()
    return Predictor(
        models=LoadedModels(device=device, dtype=dtype),
        inputs=InputCache(max_bytes=settings.INPUT_CACHE_BYTES),
        limits=BatchLimits(images=settings.MAXIMUM_BATCH, work_s=settings.BATCH_WORK_S),
    )


def _frame_result(
    batch: ClaimedBatch,
    *,
    frame: ClaimedFrame,
    image: PreparedImage,
    answer: BatchPrediction,
    index: int,
) -> FrameResult:
    maps, grid = None, []
    if answer.maps is not None:
        maps = answer.maps[index].astype("<f2", copy=False)
        size = batch.model.spec.preprocess.size
        grid = image_to_grid(image.image_to_input, input_size=size, grid_size=maps.shape[1:])
    return FrameResult(
        prediction_id=frame.prediction_id,
        logits=answer.logits[index].tolist(),
        probabilities=answer.probabilities[index].tolist(),
        biases=[] if answer.bias is None else answer.bias.tolist(),
        maps=None if maps is None else maps.tobytes(),
        map_shape=[] if maps is None else list(maps.shape),
        image_to_grid=grid,
        timings_ms={
            "decode": round(image.decode_ms, 2),
            "preprocess": round(image.preprocess_ms, 2),
            "features": round(answer.feature_ms, 2),
            "head": round(answer.head_ms, 2),
        },
    )


def _fault_code(error: Exception) -> str:
    if isinstance(error, torch.OutOfMemoryError):
        return "out_of_memory"
    return error.code if isinstance(error, CoreadError) else "compute_failed"
