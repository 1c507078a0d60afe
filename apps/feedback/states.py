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


def sources(table: Table, target: str) -> list[str]:
    """List the states from which `target` may be reached: what a conditional UPDATE asks for.

    Raises
    ------
    KeyError : a state that the table does not have
    """
    if target not in table:
        raise KeyError(target)
    return sorted(state for state, following in table.items() if target in following)
