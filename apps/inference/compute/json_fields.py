"""How is a JSON object from a stranger read so that each mistake is named with its place?

`Fields` serves `spec.py`; it knows JSON types, not models. It never coerces: "0.5" is no number,
true is no integer, and a field nobody asked for is a mistake (a misspelt threshold must not be
ignored in silence).
"""

from __future__ import annotations

import math
from typing import TypeAlias

from apps.errors import Invalid

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_TEXT = 4000


class SpecError(Invalid):
    """A `spec.json` that cannot be accepted: `code` is stable, `message` says what and where."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


def number(value: Json, where: str) -> float:
    """Read a finite JSON number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SpecError("spec_type", f"{where} must be a number.")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise SpecError("spec_range", f"{where} must be a finite number.")
    return result


class Fields:
    """The fields of one JSON object; every accessor raises `SpecError` naming the place."""

    def __init__(self, value: Json, where: str) -> None:
        if not isinstance(value, dict):
            raise SpecError("spec_type", f"{where} must be a JSON object.")
        self._where = where
        self._value = value
        self._read: set[str] = set()

    def where(self, key: str) -> str:
        """Path of a field for messages, such as `weights.sha256`."""
        return f"{self._where}.{key}"

    def has(self, key: str) -> bool:
        """Say whether the field is present and not null (it then counts as read)."""
        self._read.add(key)
        return self._value.get(key) is not None

    def raw(self, key: str) -> Json:
        """Value of a field that must be present."""
        self._read.add(key)
        if key not in self._value:
            raise SpecError("spec_missing_field", f"{self.where(key)} is missing.")
        return self._value[key]

    def text(self, key: str, *, max_length: int = MAX_TEXT) -> str:
        """Non-empty text without leading or trailing blanks."""
        value = self.raw(key)
        if not isinstance(value, str):
            raise SpecError("spec_type", f"{self.where(key)} must be text.")
        if not value.strip() or len(value) > max_length:
            raise SpecError(
                "spec_range", f"{self.where(key)} must have 1 to {max_length} characters."
            )
        return value.strip()

    def integer(self, key: str, *, low: int, high: int) -> int:
        """Whole number within [low, high]."""
        value = self.raw(key)
        if isinstance(value, bool) or not isinstance(value, int):
            raise SpecError("spec_type", f"{self.where(key)} must be a whole number.")
        if not low <= value <= high:
            raise SpecError("spec_range", f"{self.where(key)} must lie in {low} to {high}.")
        return value

    def items(self, key: str) -> list[Json]:
        """JSON array."""
        value = self.raw(key)
        if not isinstance(value, list):
            raise SpecError("spec_type", f"{self.where(key)} must be a list.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """JSON array of non-empty texts."""
        values = self.items(key)
        if not all(isinstance(value, str) and value.strip() for value in values):
            raise SpecError("spec_type", f"{self.where(key)} must be a list of non-empty texts.")
        return tuple(str(value).strip() for value in values)

    def pair(self, key: str) -> tuple[Json, Json]:
        """JSON array of exactly two values."""
        values = self.items(key)
        if len(values) != 2:
            raise SpecError("spec_type", f"{self.where(key)} must be a list of two values.")
        return values[0], values[1]

    def child(self, key: str) -> Fields:
        """JSON object inside this one."""
        return Fields(self.raw(key), self.where(key))

    def numbers(self, key: str) -> dict[str, float]:
        """JSON object of finite numbers."""
        value = self.raw(key)
        if not isinstance(value, dict):
            raise SpecError("spec_type", f"{self.where(key)} must be a JSON object of numbers.")
        return {name: number(item, f"{self.where(key)}.{name}") for name, item in value.items()}

    def finish(self) -> None:
        """Refuse fields that nobody read."""
        unknown = sorted(set(self._value) - self._read)
        if unknown:
            raise SpecError("spec_unknown_field", f"{self.where(unknown[0])} is not a known field.")
