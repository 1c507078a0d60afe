"""Names under which one reader meets a case once: no two readers, and no two reads, share them."""

import hashlib
import hmac
import secrets
from typing import Final

# Without letters and digits that are mistaken for one another.
_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def case_pseudonym() -> str:
    """Draw a name for a case in one read, for example K7Q4-M2XA (40 bits)."""
    drawn = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


def uid_pseudonym(uid: str, *, read_id: str, key: str) -> str:
    """Give the UID that stands for a DICOM UID in one read.

    Parameters
    ----------
    uid : Study, Series or SOP Instance UID (or Frame of Reference UID)
    read_id : of the read; another read has other UIDs, so that a hidden re-read shows nothing
    key : secret of the server; without it nobody finds the way back

    Returns
    -------
    a UID under 2.25 (PS3.5 B.2) of 122 keyed bits
    """
    message = f"{read_id}\n{uid}".encode()
    digest = hmac.new(key.encode(), message, hashlib.sha256).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big') >> 6}"


def drawn_share(*parts: object, seed: str) -> float:
    """Draw a number in [0, 1) that is always the same for the same parts of the same round."""
    message = "\n".join(map(str, parts)).encode()
    digest = hmac.new(seed.encode(), message, hashlib.sha256).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
