"""What does a DICOM text say, in which characters, and how sure is that?

A declared character set is believed. Where none is declared, or Latin-1 is declared by a device
that in truth writes something else, a guess is made only from strict evidence and is flagged, so
that the reader knows the name was inferred (docs/decisions, ingest gate).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydicom import config
from pydicom.charset import decode_bytes, python_encoding

_DELIMITERS: Final = {0x5E, 0x3D}  # ^ and = end the reach of an escape sequence in a name
_ESCAPE: Final = b"\x1b"
_WITHOUT_EXTENSION: Final = frozenset({"", "ISO_IR 6", "ISO 2022 IR 6"})
_LATIN_1: Final = frozenset({"ISO_IR 100", "ISO 2022 IR 100"})
_IDEOGRAPH: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_LATIN_LETTER: Final = re.compile("[A-Za-z]")
_COMPONENT: Final = re.compile(r"[\^=\\\s·・]+")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class DecodedText:
    """A text and its doubt.

    `flag`: "" sure; "charset_guessed" inferred from the bytes; "charset_missing" no character set
    and no safe guess, shown as Latin-1; "undecodable" damaged, with U+FFFD where nothing fits.
    """

    value: str
    flag: str


def decode_text(raw: bytes, character_sets: Sequence[str]) -> DecodedText:
    """Decode a value of VR PN, LO, SH, ST, LT or UT.

    Parameters
    ----------
    raw : the bytes of the value
    character_sets : Specific Character Set (0008,0005), without padding; empty where absent

    Returns
    -------
    DecodedText, without control characters and outer blanks

    Source: PS3.3 C.12.1.1.2, PS3.5 6.1.2. Departure: guesses, see the module.
    """
    raw = raw.strip(b" \0")
    declared = [name.strip() for name in character_sets]
    if raw.isascii() and _ESCAPE not in raw:
        return _clean(raw.decode("ascii"), "")
    if all(name in _WITHOUT_EXTENSION for name in declared):
        return _undeclared(raw)
    if declared[0] in _LATIN_1 and len(declared) == 1 and _ESCAPE not in raw:
        guess = _guess(raw, least_ideographs=2)
        if guess is None:
            return _clean(raw.decode("latin_1"), "")
        return _clean(guess, "charset_guessed")
    return _declared(raw, declared)


def _undeclared(raw: bytes) -> DecodedText:
    guess = _guess(raw, least_ideographs=1)
    if guess is not None:
        return _clean(guess, "charset_guessed")
    if _ESCAPE in raw or any(0x80 <= byte < 0xA0 for byte in raw):
        return _clean(raw.decode("ascii", errors="replace"), "undecodable")
    return _clean(raw.decode("latin_1"), "charset_missing")


def _declared(raw: bytes, declared: list[str]) -> DecodedText:
    encodings = [python_encoding.get(name) for name in declared]
    if encodings[0] is None:
        guess = _guess(raw, least_ideographs=1)
        if guess is not None:
            return _clean(guess, "charset_guessed")
        return _clean(raw.decode("ascii", errors="replace"), "undecodable")
    try:
        with config.strict_reading():
            known = [encoding for encoding in encodings if encoding is not None]
            return _clean(str(decode_bytes(raw, known, _DELIMITERS)), "")
    except (UnicodeError, LookupError, ValueError):
        guess = _guess(raw, least_ideographs=1)
        if guess is not None:
            return _clean(guess, "charset_guessed")
        return _clean(raw.decode(encodings[0], errors="replace"), "undecodable")


def _guess(raw: bytes, *, least_ideographs: int) -> str | None:
    """UTF-8 if the bytes are; else GB18030 if that reads as Chinese; else nothing."""
    text = _as_utf_8(raw)
    return text if text is not None else _as_chinese(raw, least_ideographs=least_ideographs)


def _as_utf_8(raw: bytes) -> str | None:
    """Valid multi-byte UTF-8 is never anything else by accident."""
    try:
        return raw.decode("utf-8") if not raw.isascii() and _ESCAPE not in raw else None
    except UnicodeDecodeError:
        return None


def _as_chinese(raw: bytes, *, least_ideographs: int) -> str | None:
    """GB18030 whose every character outside ASCII is an ideograph, in words without Latin letters.

    In GB18030 a Latin-1 "ü" swallows the letter behind it (Müller: M, one ideograph, ler), so a
    word that mixes Latin letters and ideographs proves that the bytes are not Chinese.
    """
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return None
    if len(_IDEOGRAPH.findall(text)) < least_ideographs:
        return None
    for word in _COMPONENT.split(text):
        ideographs = _IDEOGRAPH.findall(word)
        others = [character for character in word if not character.isascii()]
        if len(others) != len(ideographs) or (ideographs and _LATIN_LETTER.search(word)):
            return None
    return text


def _clean(text: str, flag: str) -> DecodedText:
    return DecodedText(_CONTROL.sub("", text).strip(), flag)
