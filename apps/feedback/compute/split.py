"""Which part of the learning does a person's data serve, for ever?

The part follows from project and person alone, so that it depends neither on the order of arrival
nor on who else is there. Whoever stores it (SplitAssignment) keeps it when these shares change.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final, Literal
from uuid import UUID

PartName = Literal["train", "validation", "test"]

SHARES: Final[dict[PartName, float]] = {"train": 0.70, "validation": 0.15, "test": 0.15}


def patient_sha256(*, patient_id: str, issuer: str, identity_sha256: str) -> str:
    """Name a person so that two rows of one person share the name.

    A second hospital that misspells a name makes a second row of the same Patient ID and issuer:
    both must fall into one part. Two people who share an ID then do as well, which costs nothing.

    Parameters
    ----------
    patient_id, issuer : DICOM (0010,0020) and (0010,0021); padding does not count
    identity_sha256 : of the row; names the person where there is no Patient ID

    Returns
    -------
    str, 64 hexadecimal digits
    """
    if not patient_id.strip():
        return identity_sha256
    # A length before each value: ("1", "23") and ("12", "3") are two people.
    text = "".join(f"{len(value)}:{value}" for value in (patient_id.strip(), issuer.strip()))
    return hashlib.sha256(text.encode()).hexdigest()


def part_of(patient: str, *, project: UUID) -> PartName:
    """Draw the part of a person in a project: always the same one.

    Parameters
    ----------
    patient : str, from `patient_sha256`
    project : UUID, the key of the draw, so that two projects split independently

    Returns
    -------
    "train", "validation" or "test", with the probabilities of SHARES
    """
    digest = hmac.new(project.bytes, patient.encode(), hashlib.sha256).digest()
    drawn = int.from_bytes(digest[:8], "big") / 2**64
    threshold = 0.0
    for part, share in SHARES.items():
        threshold += share
        if drawn < threshold:
            return part
    return "test"  # the shares add up to 1 but for rounding
