"""How close does the whole way from DICOM bytes come to its slowest part?

`python -m bench.cold_ratio` prints JSON lines `cold_ratio`, goal 0.90: images/s from queued rows to
committed predictions, reading, checking and decoding every file anew, divided by the less of what
decoding alone and what bare forward passes alone reach. Torch and the decoders have a core each.
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from bench.databases import MEASURE, measure_on_each_database

IMAGES = 48
ROUNDS = 5
ROWS, COLUMNS = 2500, 2048


def measure(database: str) -> None:
    """Measure on the database that Django was started with."""
    import os

    import torch

    from bench import prediction_queue as queue
    from bench.figure import Figure
    from workers.batching import DECODING_THREADS
    from workers.images import prepare_image

    torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
    queue.fill_store(images=IMAGES, rows=ROWS, columns=COLUMNS)
    predictor = queue.new_predictor(cache_bytes=0)
    predictor.run(budget_s=float("inf"))
    forward = queue.bare_forward(IMAGES)
    forward()
    frames, spec = queue.stored_frames()
    whole_s, decode_s, forward_s = [], [], []
    for _ in range(ROUNDS):
        queue.queue_again()
        start = time.perf_counter()
        predictor.run(budget_s=float("inf"))
        whole_s.append(time.perf_counter() - start)
        queue.require_all_done(IMAGES)
        start = time.perf_counter()
        with ThreadPoolExecutor(DECODING_THREADS) as decoders:
            list(decoders.map(lambda frame: prepare_image(frame, spec), frames))
        decode_s.append(time.perf_counter() - start)
        start = time.perf_counter()
        forward()
        forward_s.append(time.perf_counter() - start)
    slowest_s = [max(pair) for pair in zip(decode_s, forward_s, strict=True)]
    is_decode = statistics.median(decode_s) >= statistics.median(forward_s)
    Figure(
        figure="cold_ratio",
        value=IMAGES / statistics.median(whole_s),
        unit="images/s, DICOM bytes to committed prediction with maps",
        peer="decode alone" if is_decode else "bare forward",
        peer_value=IMAGES / statistics.median(slowest_s),
        ratio=statistics.median(a / b for a, b in zip(slowest_s, whole_s, strict=True)),
        n=ROUNDS,
        where=f"{ROWS}x{COLUMNS} 16 bit, {queue.where(database)}",
    ).print()


if __name__ == "__main__":
    if sys.argv[1:2] == [MEASURE]:
        import django

        django.setup()
        measure(sys.argv[2])
    else:
        measure_on_each_database("bench.cold_ratio")
