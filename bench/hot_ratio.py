"""How much of the network's own speed is left once it works off the queue?

`python -m bench.hot_ratio` prints JSON lines `hot_ratio`, limit 0.90: images/s from queued rows to
committed predictions with maps, divided by images/s of bare forward passes of the same batches in
the same dtype on the same device; decoded images are cached. Rounds of both ways alternate.
`hot_ratio_cpu_time` is the same in CPU time of all threads, where overlapping gains nothing: it
holds still on a machine that is shared with others, as wall time does not.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

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
    clocks = {"hot_ratio": time.perf_counter, "hot_ratio_cpu_time": time.process_time}
    ours_s: dict[str, list[float]] = {name: [] for name in clocks}
    bare_s: dict[str, list[float]] = {name: [] for name in clocks}
    for _ in range(ROUNDS):
        queue.queue_again()
        _measured(lambda: predictor.run(budget_s=float("inf")), clocks=clocks, into=ours_s)
        queue.require_all_done(images)
        _measured(forward, clocks=clocks, into=bare_s)
    for name in clocks:
        Figure(
            figure=name,
            value=images / statistics.median(ours_s[name]),
            unit="images/s, queued row to committed prediction with maps",
            peer="bare forward",
            peer_value=images / statistics.median(bare_s[name]),
            ratio=paired_ratio(bare_s[name], ours_s[name]),
            n=ROUNDS,
            where=f"{queue.where(database)}, {torch.__version__}",
        ).print()


def _measured(
    way: Callable[[], object],
    *,
    clocks: dict[str, Callable[[], float]],
    into: dict[str, list[float]],
) -> None:
    """Run one way and note its seconds by each clock."""
    starts = {name: clock() for name, clock in clocks.items()}
    way()
    for name, clock in clocks.items():
        into[name].append(clock() - starts[name])


if __name__ == "__main__":
    if sys.argv[1:2] == [MEASURE]:
        import django

        django.setup()
        measure(sys.argv[2])
    else:
        measure_on_each_database("bench.hot_ratio")
