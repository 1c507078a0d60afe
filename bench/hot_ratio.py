"""How much of the network's own speed is left once it works off the queue?

`python -m bench.hot_ratio` prints JSON lines `hot_ratio`, limit 0.90: images/s from queued rows to
committed predictions with maps, divided by images/s of bare forward passes of the same batches in
the same dtype on the same device; decoded images are cached. Rounds of both ways alternate.
"""

from __future__ import annotations

import statistics
import sys
import time

from bench.databases import MEASURE, measure_on_each_database

IMAGES_CPU = 96
IMAGES_CUDA = 1024
ROUNDS = 9
SIDE = 256
CACHE_BYTES = 4 * 1024**3


def measure(database: str) -> None:
    """Measure on the database that Django was started with."""
    import torch

    from bench import prediction_queue as queue
    from bench.figure import Figure, paired_ratio

    device, _ = queue.best_device()
    images = IMAGES_CUDA if device.type == "cuda" else IMAGES_CPU
    queue.fill_store(images=images, rows=SIDE, columns=SIDE)
    predictor = queue.new_predictor(cache_bytes=CACHE_BYTES)
    predictor.run(budget_s=float("inf"))  # fills the cache, loads the network
    forward = queue.bare_forward(images)
    forward()
    ours_s, bare_s = [], []
    for _ in range(ROUNDS):
        queue.queue_again()
        start = time.perf_counter()
        predictor.run(budget_s=float("inf"))
        ours_s.append(time.perf_counter() - start)
        queue.require_all_done(images)
        start = time.perf_counter()
        forward()
        bare_s.append(time.perf_counter() - start)
    Figure(
        figure="hot_ratio",
        value=images / statistics.median(ours_s),
        unit="images/s, queued row to committed prediction with maps",
        peer="bare forward",
        peer_value=images / statistics.median(bare_s),
        ratio=paired_ratio(bare_s, ours_s),
        n=ROUNDS,
        where=f"{queue.where(database)}, {torch.__version__}",
    ).print()


if __name__ == "__main__":
    if sys.argv[1:2] == [MEASURE]:
        import django

        django.setup()
        measure(sys.argv[2])
    else:
        measure_on_each_database("bench.hot_ratio")
