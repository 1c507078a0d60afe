"""What a worker tells of its run, where the next attempt goes on, and when it is to stop."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from apps import blobs
from apps.errors import NotFound
from apps.inference.compute.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from apps.inference.services.run_claims import ClaimedRun, run_beat, run_checkpoint
from workers.failpoints import failpoint

MOST_POINTS: Final = 100


class WorkerEnding(Exception):  # noqa: N818  no fault: the run is given back
    """The worker is to end."""


class RunRecord:
    """The row of a claimed run, as its worker writes it: seldom enough not to be felt."""

    def __init__(self, claim: ClaimedRun, *, is_ending: Callable[[], bool]) -> None:
        self.claim = claim
        self._is_ending = is_ending
        self._progress: dict[str, Any] = {"epochs": claim.config.epochs}
        self._curves = list(claim.curves)
        self._stride = -(-claim.config.epochs // MOST_POINTS)
        self._told_at = 0.0
        self._saved_at = time.monotonic()
        self._sha256 = claim.checkpoint_sha256
        self.chunks: list[str] = []  # features, as blobs that every checkpoint names

    def checkpoint(self) -> Checkpoint:
        """Read where an earlier attempt got to; no facts where there was none, or its bytes went.

        The curves go back to it, as what follows comes again.
        """
        found = Checkpoint({}, {})
        if self._sha256:
            try:
                with blobs.local_file(self._sha256) as path:
                    if blobs.sha256_of(path) == self._sha256:
                        found = read_checkpoint(path)
            except NotFound:
                self._sha256 = ""
        self.chunks = list(found.facts.get("chunks", []))
        epoch = found.facts.get("epoch", 0) if found.facts.get("stage") != "exported" else None
        if epoch is not None:
            self._curves = [point for point in self._curves if point["epoch"] <= epoch]
            self._progress["epoch"] = epoch
        return found

    def begin(self, stage: str, *, images: int = 0, done: int = 0) -> None:
        """Enter a stage."""
        self._progress |= {"stage": stage, "images_done": done, "images_total": images}
        self.beat(at_once=True)

    def images(self, done: int) -> None:
        """Say how many images of this stage are done."""
        self._progress["images_done"] = done
        self.beat()

    def epoch(self, epoch: int, judge: Callable[[], dict[str, Any]]) -> None:
        """Say that an epoch is over; of many, only some are judged, and the last."""
        self._progress["epoch"] = epoch
        if epoch % self._stride == 0 or epoch == self.claim.config.epochs:
            self._curves.append({"epoch": epoch, **judge()})
        self.beat()

    def beat(self, *, at_once: bool = False) -> None:
        """Keep the claim, and look up.

        Raises
        ------
        ClaimLost, RunCancelled, WorkerEnding : stop
        """
        now = time.monotonic()
        if not at_once and now - self._told_at < settings.TRAINING_BEAT_S:
            return
        self._told_at = now
        if self._is_ending():
            raise WorkerEnding
        run_beat(self.claim, progress=self._progress, curves=self._curves)

    def is_due(self) -> bool:
        """Tell whether enough has been done since the last checkpoint to save another."""
        return time.monotonic() - self._saved_at >= settings.TRAINING_CHECKPOINT_S

    def save(self, checkpoint: Checkpoint) -> None:
        """Store a checkpoint, name it in the row, and give the former one up.

        Raises
        ------
        ClaimLost : the row names what it named
        """
        facts = {**checkpoint.facts, "chunks": self.chunks}
        sha256 = self.store(Checkpoint(facts, checkpoint.tensors))
        failpoint("train_saving")
        run_checkpoint(self.claim, sha256=sha256, progress=self._progress, curves=self._curves)
        if self._sha256 and self._sha256 != sha256:
            blobs.remove(self._sha256)
        self._sha256, self._saved_at = sha256, time.monotonic()

    def store(self, checkpoint: Checkpoint) -> str:
        """Store a part of a checkpoint under its hash, which no other run can have."""
        facts = {"run": str(self.claim.run_id), **checkpoint.facts}
        with tempfile.TemporaryDirectory(dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
            path = Path(folder) / "checkpoint.safetensors"
            write_checkpoint(path, Checkpoint(facts, checkpoint.tensors))
            return blobs.put_file(path)

    def forget(self) -> None:
        """Delete the checkpoint and what it names, once the run is over."""
        for sha256 in filter(None, [*self.chunks, self._sha256]):
            blobs.remove(sha256)
