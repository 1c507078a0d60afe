"""Field types that more than one room of feedback reads requests with."""

import math
from typing import Any, Final

from rest_framework import serializers

LARGEST_INTEGER: Final = 2**31 - 1  # what a column holds


class FiniteField(serializers.FloatField):
    """A number that JSON and both databases can hold: Python's float() also reads "nan"."""

    def to_internal_value(self, data: Any) -> float:
        """Refuse what is no number, or none on the number line."""
        try:
            value: float = super().to_internal_value(data)
        except OverflowError:  # an integer of hundreds of digits
            self.fail("invalid")
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class PointField(serializers.ListField):
    """An image point (column, row) in pixels."""

    def __init__(self, **options: Any) -> None:
        super().__init__(child=FiniteField(), min_length=2, max_length=2, **options)
