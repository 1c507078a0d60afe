"""Is the value of one data element a number that may be computed with?"""

import re
from typing import Final

import numpy as np

from apps.cases.compute.refusals import Refused

_RESCALE_SLOPE: Final = 0x00281053
MAX_NUMBERS_BYTES: Final = 1 << 20  # no list of numbers in a header is longer
_DECIMAL: Final = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")
_INTEGER: Final = re.compile(rb"[+-]?\d+(\.0*)?\Z")
_NOT_FINITE: Final = re.compile(rb"[+-]?(nan|inf(inity)?)\Z", re.IGNORECASE)
_INTEGER_LIMIT: Final = 1 << 31
_SIZES: Final = {"AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8}


def check_value(tag: int, vr: str, content: bytes, *, length: int, is_little: bool) -> None:
    """Refuse a number that is not one, or not finite.

    Parameters
    ----------
    tag : int, 0xGGGGEEEE
    vr : the value representation; others than numbers pass
    content : the value, or its first `MAX_NUMBERS_BYTES`
    length : int, bytes of the whole value
    is_little : the byte order of binary numbers

    Raises
    ------
    Refused : bad_number, not_finite, zero_slope, bad_structure (length is no multiple of the VR's)
    """
    named = {"tag": f"({tag >> 16:04X},{tag & 0xFFFF:04X})"}
    if vr in ("DS", "IS", "FL", "FD") and length > MAX_NUMBERS_BYTES:
        raise Refused("bad_number", dict(named))
    if vr in ("DS", "IS"):
        for text in content.split(b"\\"):
            _check_text(tag, vr, text.strip(b" \0"), named)
    size = _SIZES.get(vr)
    if size is None:
        return
    if length % size:
        raise Refused("bad_structure", dict(named))
    if vr in ("FL", "FD"):
        values = np.frombuffer(content, dtype=f"{'<' if is_little else '>'}f{size}")
        if not np.isfinite(values).all():
            raise Refused("not_finite", dict(named))


def _check_text(tag: int, vr: str, text: bytes, named: dict[str, str]) -> None:
    if not text:
        return
    if _NOT_FINITE.match(text):
        raise Refused("not_finite", dict(named))
    pattern = _DECIMAL if vr == "DS" else _INTEGER
    if not pattern.match(text):
        raise Refused("bad_number", dict(named))
    value = float(text)
    if not np.isfinite(value):
        raise Refused("not_finite", dict(named))
    if vr == "IS" and abs(value) > _INTEGER_LIMIT:
        raise Refused("bad_number", dict(named))
    if tag == _RESCALE_SLOPE and value == 0:
        raise Refused("zero_slope")
