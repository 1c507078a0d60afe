"""Which value does a lookup table of the header give? Modality and VOI LUTs (PS3.3 C.11.1, C.11.2).

They are one macro: a descriptor of three numbers, and the entries.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset

_ENTRY_BITS: Final = range(8, 17)
# Their Modality LUT leads back to X-ray intensity and is no part of the display (PS3.4 N.2.5)
_NOT_FOR_DISPLAY: Final = frozenset(
    {uid.XRayAngiographicImageStorage, uid.XRayRadiofluoroscopicImageStorage}
)


@dataclass(frozen=True, eq=False)
class LookupTable:
    """`entries[0]` is for the value `first` and all below, the last entry for all above.

    `entries` is uint16 (number of entries,); `bits` are those that an entry may use.
    """

    first: int
    entries: NDArray[np.uint16]
    bits: int

    def apply(self, values: NDArray[Any]) -> NDArray[np.uint16]:
        """Look values up.

        Parameters
        ----------
        values : any shape and real type; taken to the nearest integer

        Returns
        -------
        uint16, the shape of `values`
        """
        index = np.rint(values).astype(np.int64)  # in place from here: frames may be large
        index -= self.first
        np.clip(index, 0, self.entries.size - 1, out=index)
        return np.asarray(self.entries[index], dtype=np.uint16)


def input_range(item: Dataset) -> tuple[int, int]:
    """(first value mapped, number of entries) as the descriptor has them.

    Parameters
    ----------
    item : of a Modality LUT Sequence or VOI LUT Sequence

    Raises
    ------
    ValueError : no descriptor of three numbers
    """
    descriptor = item.get("LUTDescriptor")
    if descriptor is None or isinstance(descriptor, (bytes, str)) or len(descriptor) != 3:
        raise ValueError("a lookup table without a descriptor")
    # 0 means 65536; a count above 32767 reads negative where the descriptor is of signed shorts
    return int(descriptor[1]), int(descriptor[0]) & 0xFFFF or 1 << 16


def read_table(item: Dataset, *, little_endian: bool) -> LookupTable:
    """Read one table.

    Parameters
    ----------
    item : of a Modality LUT Sequence or VOI LUT Sequence
    little_endian : the byte order of entries kept as bytes (VR OW)

    Returns
    -------
    LookupTable

    Raises
    ------
    ValueError : a table shorter than its descriptor says, or of unknown depth
    KeyError : no LUT Data
    """
    first, count = input_range(item)
    bits = int(item.LUTDescriptor[2])
    if bits not in _ENTRY_BITS:
        raise ValueError(f"a lookup table of {bits} bits")
    order = "<" if little_endian else ">"
    content = item["LUTData"].value
    if isinstance(content, bytes):
        content = np.frombuffer(content[: len(content) & ~1], dtype=f"{order}u2")
    words = np.atleast_1d(np.asarray(content, dtype=np.uint16))
    if bits == 8 and words.size == -(-count // 2):  # two entries share a word, the lower first
        words = words.astype("<u2").view(np.uint8).astype(np.uint16)
    if words.size < count:
        raise ValueError("a lookup table shorter than its descriptor says")
    return LookupTable(first=first, entries=words[:count], bits=bits)


def modality_table(header: Dataset, *, little_endian: bool) -> LookupTable | None:
    """The Modality LUT that stands before the display of a grey image.

    Parameters
    ----------
    header : with SOP Class UID and group 0028
    little_endian : as in `read_table`

    Returns
    -------
    LookupTable; None without one, for colour, and for X-ray angiography, whose is not for display

    Raises
    ------
    as `read_table`
    """
    tables = header.get("ModalityLUTSequence")
    is_grey = str(header.get("PhotometricInterpretation")).startswith("MONOCHROME")
    if not tables or not is_grey or header.get("SOPClassUID") in _NOT_FOR_DISPLAY:
        return None
    return read_table(tables[0], little_endian=little_endian)
