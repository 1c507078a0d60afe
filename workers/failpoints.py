"""Places where a test may stop a worker for good; nothing at all unless COREAD_FAILPOINT is set.

`COREAD_FAILPOINT=NAME:ACTION:TIMES:FILE` does ACTION (`kill` or `stop`: SIGKILL or SIGSTOP to
itself) at the failpoint NAME, TIMES times over all processes; FILE counts, one byte each time.
"""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

NAMES: Final = frozenset(
    {
        *("claimed", "computing", "stored", "before_ack"),
        *("train_features", "train_saving", "train_epoch", "train_exported"),
        *("train_registered", "train_evaluated"),
    }
)
ACTIONS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


def _unarmed(name: str) -> None:
    """Pass: the failpoint of everybody but a test."""


def armed(definition: str, *, is_production: bool) -> Callable[[str], None]:
    """Make the function that stops its own process.

    Raises
    ------
    ImproperlyConfigured : in production, or the definition names nothing known
    """
    if is_production:
        raise ImproperlyConfigured("COREAD_FAILPOINT kills workers: it is for tests only.")
    armed_name, action, times, file = definition.split(":", 3)
    if armed_name not in NAMES or action not in ACTIONS:
        raise ImproperlyConfigured("COREAD_FAILPOINT is NAME:ACTION:TIMES:FILE.")
    count = Path(file)

    def stop_here(name: str) -> None:
        if name != armed_name or (count.exists() and count.stat().st_size >= int(times)):
            return
        with count.open("ab") as ledger:
            ledger.write(b".")
        os.kill(os.getpid(), ACTIONS[action])

    return stop_here


_definition = os.environ.get("COREAD_FAILPOINT", "")
failpoint: Final = (
    armed(_definition, is_production=settings.ENVIRONMENT.is_production)
    if _definition
    else _unarmed
)
