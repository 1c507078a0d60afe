"""Time and chance in the hands of a test."""

import random
from datetime import datetime, timedelta


class Clock:
    """Stands until it is moved, or goes a step with every look."""

    def __init__(self, start: datetime, *, step: timedelta = timedelta(0)) -> None:
        self.time = start
        self.step = step

    def __call__(self) -> datetime:
        self.time += self.step
        return self.time


class Dice:
    """In the place of `os.urandom`: the source of every identifier and draw."""

    def __init__(self) -> None:
        self.source = random.Random(0)

    def __call__(self, count: int) -> bytes:
        return self.source.randbytes(count)
