"""Which state of a training run may follow which? A pure table (DESIGN section 6)."""

from typing import Final

# A run that lost its worker goes back to `queued`; one that failed or was cancelled may be resumed.
RUN_TRANSITIONS: Final[dict[str, frozenset[str]]] = {
    "queued": frozenset({"running", "cancelled"}),
    "running": frozenset({"trained", "queued", "failed", "cancelled"}),
    "trained": frozenset({"evaluated", "queued", "failed", "cancelled"}),
    "evaluated": frozenset(),
    "failed": frozenset({"queued"}),
    "cancelled": frozenset({"queued"}),
}

# A worker holds a claim on a run in one of these.
WORKED_ON: Final = frozenset({"running", "trained"})


def states_before(state: str) -> frozenset[str]:
    """Give the states from which a run may come to `state`: the condition of its UPDATE."""
    return frozenset(before for before, after in RUN_TRANSITIONS.items() if state in after)
