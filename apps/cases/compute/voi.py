"""Which grey does a value get? The VOI transform of PS3.3 C.11.2, into the display range 0..255."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from apps.cases.compute.lookup import LookupTable, input_range, modality_table, read_table

WHITE: Final = 255.0

# macros of enhanced multi-frame objects that replace attributes of the image level (PS3.3 C.7.6.16)
_FRAME_MACROS: Final = {
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept"),
    "FrameVOILUTSequence": ("WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence"),
}


def frame_header(header: Dataset, frame_number: int) -> Dataset:
    """The header with the functional groups of one frame lifted to the image level.

    Parameters
    ----------
    header : group 0028 and the functional group sequences
    frame_number : int, from 1

    Returns
    -------
    Dataset, shallow; the frame's own groups win over the shared ones
    """
    lifted = Dataset()
    lifted.update(header)
    lifted.set_original_encoding(*header.original_encoding)
    lifted.file_meta = header.file_meta
    per_frame = header.get("PerFrameFunctionalGroupsSequence") or []
    groups = [*(header.get("SharedFunctionalGroupsSequence") or [])[:1]]
    groups += per_frame[frame_number - 1 : frame_number]
    for group in groups:
        for macro, keywords in _FRAME_MACROS.items():
            for item in (group.get(macro) or [])[:1]:
                for keyword in keywords:
                    if keyword in item:
                        lifted[keyword] = item[keyword]
    return lifted


def covering_window(header: Dataset) -> tuple[float, float] | None:
    """The LINEAR window over all values that the first VOI LUT tells apart.

    Parameters
    ----------
    header : a data set, or an item of a Frame VOI LUT Sequence

    Returns
    -------
    (center, width): the first value mapped becomes black, the last one white; None where there is
    no table, or a valid window beside it

    Raises
    ------
    ValueError : a table without a descriptor
    """
    tables = header.get("VOILUTSequence")
    if not tables or first_window(header) is not None:
        return None
    first, count = input_range(tables[0])
    # C.11.2.1.2.1 ramps from c - 0.5 - (w - 1) / 2 to c - 0.5 + (w - 1) / 2
    return first + count / 2, float(count)


def modality_values(stored: NDArray[Any], header: Dataset) -> NDArray[Any]:
    """Stored values to modality values: by the Modality LUT, else by slope and intercept.

    Parameters
    ----------
    stored : (rows, columns) integers
    header : as from `frame_header`, with SOP Class UID

    Returns
    -------
    uint16 after a table, float64 after a rescale, else `stored`

    Raises
    ------
    ValueError, KeyError : a damaged table
    """
    table = modality_table(header, little_endian=bool(header.original_encoding[1]))
    if table is not None:
        return table.apply(stored)
    if header.get("RescaleSlope") is None or header.get("RescaleIntercept") is None:
        return stored
    return stored.astype(np.float64) * float(header.RescaleSlope) + float(header.RescaleIntercept)


def is_inverted(header: Dataset) -> bool:
    """Whether small values are white: the photometric interpretation says so, and it alone.

    Presentation LUT Shape repeats it in CR and DX (INVERSE with MONOCHROME1, PS3.3 C.8.11.1.1.1);
    taking both would invert twice.
    """
    return str(header.PhotometricInterpretation) == "MONOCHROME1"


def to_display_range(values: NDArray[Any], header: Dataset) -> NDArray[np.float32]:
    """Values after the modality transform, to 0..255.

    Parameters
    ----------
    values : (rows, columns), modality units
    header : as from `frame_header`; the first VOI LUT, else the first window, else the range

    Returns
    -------
    float32 (rows, columns), 0 to 255

    Raises
    ------
    ValueError : a lookup table shorter than its descriptor says, or of unknown depth

    Source: PS3.3 C.11.2.1.1 (lookup), C.11.2.1.2.1 (LINEAR), .3.1 (SIGMOID), .3.2 (LINEAR_EXACT).
    Departure: a width the standard forbids is taken as no window at all.
    """
    tables = header.get("VOILUTSequence")
    if tables:
        little_endian = bool(header.original_encoding[1])
        return _looked_up(values, read_table(tables[0], little_endian=little_endian))
    window = first_window(header)
    if window is not None:
        center, width = window
        function = str(header.get("VOILUTFunction") or "LINEAR").upper()
        return windowed(values, center=center, width=width, function=function)
    low, high = _full_range(values, header)
    if high <= low:
        return np.zeros(values.shape, dtype=np.float32)
    scaled = (values.astype(np.float32) - np.float32(low)) * np.float32(WHITE / (high - low))
    return np.asarray(np.clip(scaled, 0.0, WHITE), dtype=np.float32)


def first_window(header: Dataset) -> tuple[float, float] | None:
    """(center, width) of the first window that the standard allows; None if there is none."""
    center, width = (_first_number(header.get(key)) for key in ("WindowCenter", "WindowWidth"))
    function = str(header.get("VOILUTFunction") or "LINEAR").upper()
    if center is None or width is None or width <= 0:
        return None
    if function == "LINEAR" and width < 1:
        return None
    return center, width


def windowed(
    values: NDArray[Any], *, center: float, width: float, function: str = "LINEAR"
) -> NDArray[np.float32]:
    """Apply one window.

    Parameters
    ----------
    values : any shape, modality units
    center, width : modality units; width >= 1 for LINEAR, > 0 otherwise
    function : LINEAR, LINEAR_EXACT or SIGMOID; an unknown word counts as LINEAR

    Returns
    -------
    float32, the shape of `values`, 0 to 255
    """
    offset = values.astype(np.float32) - np.float32(center)
    if function == "SIGMOID":
        with np.errstate(over="ignore"):  # exp of a far value is inf, and 1 / inf is the right 0
            sigmoid = WHITE / (1.0 + np.exp(-4.0 * offset / np.float32(width)))
        return np.asarray(sigmoid, dtype=np.float32)
    if function != "LINEAR_EXACT":
        offset += 0.5
        width -= 1.0
    if width == 0:  # LINEAR with width 1 is a threshold
        return np.where(offset > 0, WHITE, 0.0).astype(np.float32)
    scaled = (offset / np.float32(width) + 0.5) * WHITE
    return np.asarray(np.clip(scaled, 0.0, WHITE), dtype=np.float32)


def _looked_up(values: NDArray[Any], table: LookupTable) -> NDArray[np.float32]:
    white = np.float32((1 << table.bits) - 1)
    grey = table.apply(values).astype(np.float32) * (np.float32(WHITE) / white)
    return np.asarray(np.clip(grey, 0.0, WHITE), dtype=np.float32)


def _full_range(values: NDArray[Any], header: Dataset) -> tuple[float, float]:
    bits = int(header.BitsStored)
    if bits > 8 or header.get("ModalityLUTSequence"):
        return float(values.min()), float(values.max())
    low, high = (
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
        if (int(header.PixelRepresentation))
        else (0, (1 << bits) - 1)
    )
    slope = float(header.get("RescaleSlope") or 1.0)
    intercept = float(header.get("RescaleIntercept") or 0.0)
    ends = (low * slope + intercept, high * slope + intercept)
    return min(ends), max(ends)


def _first_number(value: Any) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, (str, bytes)) or not hasattr(value, "__len__"):
        return float(value)
    return float(value[0]) if len(value) else None
