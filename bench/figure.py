"""How is a measured figure printed, and how are two ways compared fairly on a shared machine?"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """One line of `make bench`.

    Attributes
    ----------
    peer, peer_value : what it is compared with, in the same unit; "" and None without a peer
    ratio : peer_value / value where less is better, value / peer_value where more is
    n : number of measurements of each way
    where : device, dtype and clock
    """

    figure: str
    value: float
    unit: str
    peer: str
    peer_value: float | None
    ratio: float | None
    n: int
    where: str

    def print(self) -> None:
        """Write the figure as one JSON line."""
        rounded = {
            key: float(f"{value:.4g}") if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }
        sys.stdout.write(json.dumps(rounded) + "\n")
        sys.stdout.flush()


def interleaved_seconds(
    ways: Sequence[Callable[[], object]], *, clock: Callable[[], float], n: int
) -> list[list[float]]:
    """Seconds of each way, measured A B A B so that a slow spell hits all of them alike.

    Parameters
    ----------
    ways : what is measured; each runs once more before, unmeasured
    clock : seconds, such as `time.process_time` for one thread on a shared machine
    n : measurements of each way
    """
    for way in ways:
        way()
    seconds: list[list[float]] = [[] for _ in ways]
    for _ in range(n):
        for taken, way in zip(seconds, ways, strict=True):
            start = clock()
            way()
            taken.append(clock() - start)
    return seconds


def paired_ratio(above: Sequence[float], below: Sequence[float]) -> float:
    """Median over the rounds of one way's seconds divided by the other's of the same round."""
    return statistics.median(a / b for a, b in zip(above, below, strict=True))
