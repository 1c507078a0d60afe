"""What are the words and the identity of an invented study? Plain Python without numpy or pydicom,
so that who only asks whether a study is there need not load what makes one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

# Root of UIDs made from a hash without a registered root (PS3.5 B.2): 2.25.<decimal of 128 bits>.
UID_ROOT = "2.25."


@dataclass(frozen=True)
class StudyFacts:
    """The words of one demo study.

    Parameters
    ----------
    patient_id : begins with DEMO
    patient_name : DICOM person name with its component groups
    character_set : values of SpecificCharacterSet; empty leaves the attribute out although the
        name needs it, a fault that real archives hold
    birth_date, study_date, study_time : DICOM DA and TM
    view : ViewPosition, "PA", "AP" or "LL"
    """

    patient_id: str
    patient_name: str
    character_set: tuple[str, ...]
    sex: str
    birth_date: str
    study_date: str
    study_time: str
    accession_number: str
    indication: str
    study_description: str
    view: str
    referring_physician: str = ""


def stable_uid(*parts: str) -> str:
    """A UID that depends on `parts` alone, so that the demo is the same on every machine."""
    digest = hashlib.sha256("/".join(parts).encode()).digest()[:16]
    return UID_ROOT + str(int.from_bytes(digest, "big"))
