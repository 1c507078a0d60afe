"""How fast may a step be? Linear warm-up, then half a cosine to 0."""

from __future__ import annotations

import math


def learning_rate_share(step: int, *, steps: int, warmup_share: float) -> float:
    """Share of the peak learning rate at a step, counted from 0, of `steps`."""
    warmup = max(1, round(warmup_share * steps))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
