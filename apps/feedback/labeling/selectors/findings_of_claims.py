"""What checking one claim of the certificate found."""

from dataclasses import dataclass, field


@dataclass
class Checked:
    """How much was checked, and what speaks against the claim."""

    checked: int = 0
    offending: list[dict[str, str]] = field(default_factory=list)

    def against(self, kind: str, row: object, why: str) -> None:
        """Note a row that breaks the claim."""
        self.offending.append({"kind": kind, "id": str(row), "why": why})
