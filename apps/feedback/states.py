"""Pure tables of allowed transitions: from a state to those that may follow (DESIGN section 6)."""

from collections.abc import Mapping
from typing import Final

Table = Mapping[str, frozenset[str]]

REVIEW: Final[Table] = {
    "draft": frozenset({"signed"}),
    "signed": frozenset({"withdrawn"}),
    "withdrawn": frozenset(),
}

# A label that waits for training. `superseded`: a later version of the review spoke of the finding
# before the label had entered a snapshot.
QUEUE_ENTRY: Final[Table] = {
    "waiting": frozenset({"approved", "excluded", "superseded"}),
    "approved": frozenset({"waiting", "excluded", "superseded"}),
    "excluded": frozenset({"waiting"}),
    "superseded": frozenset(),
}


ROUND: Final[Table] = {
    "draft": frozenset({"open", "cancelled"}),
    "open": frozenset({"closed", "cancelled"}),
    "closed": frozenset(),
    "cancelled": frozenset(),
}

# A case in one epoch of a round. `reopened`: a new epoch has taken its place.
ROUND_CASE: Final[Table] = {
    "open": frozenset({"arbitration", "sealed", "unreadable", "cancelled"}),
    "arbitration": frozenset({"sealed", "unreadable", "cancelled"}),
    "sealed": frozenset({"reopened"}),
    "unreadable": frozenset({"reopened"}),
    "cancelled": frozenset(),
    "reopened": frozenset(),
}

# `locked` may go back to `draft` for a fixed time, whatever others do; `final` may not.
READ: Final[Table] = {
    "offered": frozenset({"opened", "expired", "withdrawn"}),
    "opened": frozenset({"draft", "locked", "expired", "skipped", "recused", "withdrawn"}),
    "draft": frozenset({"locked", "expired", "skipped", "recused", "withdrawn"}),
    "locked": frozenset({"draft", "final"}),
    "final": frozenset(),
    "expired": frozenset(),
    "skipped": frozenset(),
    "recused": frozenset(),
    "withdrawn": frozenset(),
}

# One seat of an arbitration; a lease that ends before the decision gives the seat back.
ARBITRATION: Final[Table] = {
    "queued": frozenset({"blind"}),
    "blind": frozenset({"revealed", "queued"}),
    "revealed": frozenset({"decided", "queued"}),
    "decided": frozenset(),
}


def sources(table: Table, target: str) -> list[str]:
    """List the states from which `target` may be reached: what a conditional UPDATE asks for.

    Raises
    ------
    KeyError : a state that the table does not have
    """
    if target not in table:
        raise KeyError(target)
    return sorted(state for state, following in table.items() if target in following)
