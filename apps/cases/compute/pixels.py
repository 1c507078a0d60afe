"""What does an image look like? Stored pixels, and the one display image of a frame.

`display_image` is the single input of classification and of thumbnails, so that what the network
sees is what the reader sees at first: modality transform, VOI transform, MONOCHROME1 inverted,
colour reduced to luma (PS3.3 C.7.6.3.1.2, C.11.1, C.11.2). It reads renditions, never raw uploads.
"""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_color_lut

from apps.cases.compute import codecs, voi

codecs.register()

# beside group 0028, which pydicom always reads: SOP Class UID, and the functional groups of
# multi-frame objects, shared and per frame
_MORE_TAGS: Final = [0x00080016, 0x52009229, 0x52009230]
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601

FloatImage = NDArray[np.float32]


@dataclass(frozen=True)
class StoredFrame:
    """One frame as stored.

    `array` is (rows, columns) or (rows, columns, 3) in the stored integer type, unused bits
    cleared, YBR turned to RGB; `photometric_interpretation` is that of the array; `header` holds
    SOP Class UID, group 0028 and the functional groups, without pixels.
    """

    array: NDArray[Any]
    photometric_interpretation: str
    header: Dataset


def decode_frame(path: Path, frame_number: int = 1) -> StoredFrame:
    """Decode one frame of a Part 10 file (not a deflated one; renditions never are).

    Parameters
    ----------
    path : the file
    frame_number : int, from 1 as in DICOM

    Returns
    -------
    StoredFrame

    Raises
    ------
    ValueError : frame number out of range, or pixels and header disagree
    AttributeError, KeyError : a needed attribute is missing
    RuntimeError, NotImplementedError : the codec refuses
    """
    if frame_number < 1:
        raise ValueError(f"frame numbers start at 1, not {frame_number}")
    header = Dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's hints on odd headers; the gate has judged them
        array = pixel_array(
            path,
            ds_out=header,
            specific_tags=_MORE_TAGS,
            index=frame_number - 1,
            decoding_plugin=codecs.PLUGIN,
        )
    photometric = str(header.PhotometricInterpretation)
    if array.ndim == 3 and photometric != "RGB":
        photometric = "RGB"
    return StoredFrame(array=array, photometric_interpretation=photometric, header=header)


def display_image(path: Path, frame_number: int = 1) -> FloatImage:
    """The grey image a reader sees first: white is 255.

    Parameters
    ----------
    path : the rendition
    frame_number : int, from 1

    Returns
    -------
    float32 (rows, columns), 0 to 255

    Raises
    ------
    as `decode_frame`; ValueError for a damaged lookup table

    Notes
    -----
    Without VOI attributes an image of up to 8 bits is shown over its whole stored range and a
    deeper one from its smallest to its largest value.
    """
    frame = decode_frame(path, frame_number)
    colour = _colour_image(frame)
    if colour is None:
        return _grey_image(frame, frame_number)
    return np.asarray(np.clip(colour @ _LUMA, 0.0, 255.0), dtype=np.float32)


def thumbnail_jpeg(path: Path, *, size: int = 256, frame_number: int = 1) -> bytes:
    """A JPEG of at most `size` pixels a side, in colour where the image is.

    Parameters
    ----------
    path : the rendition
    size : int, pixels
    frame_number : int, from 1

    Returns
    -------
    bytes, a JPEG file without metadata

    Raises
    ------
    as `display_image`
    """
    frame = decode_frame(path, frame_number)
    colour = _colour_image(frame)
    shown = _grey_image(frame, frame_number) if colour is None else colour
    levels = np.clip(np.rint(shown), 0, 255).astype(np.uint8)
    picture = Image.fromarray(levels)
    picture.thumbnail((size, size), Image.Resampling.BILINEAR, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, format="JPEG", quality=85)
    return stream.getvalue()


def _grey_image(frame: StoredFrame, frame_number: int) -> FloatImage:
    transform = voi.frame_header(frame.header, frame_number)
    grey = voi.to_display_range(voi.modality_values(frame.array, transform), transform)
    if voi.is_inverted(transform):
        grey = 255.0 - grey
    return grey.astype(np.float32, copy=False)


def _colour_image(frame: StoredFrame) -> FloatImage | None:
    """float32 (rows, columns, 3) RGB in 0..255; None for a grey image."""
    if frame.array.ndim == 3:
        return frame.array[..., :3].astype(np.float32)
    if frame.photometric_interpretation != "PALETTE COLOR":
        return None
    # entries of 16 bits may come as a palette of 8 significant ones: scale by the entry's depth
    entry_bits = int(frame.header.RedPaletteColorLookupTableDescriptor[2])
    colour = apply_color_lut(frame.array, frame.header)[..., :3]
    return colour.astype(np.float32) * np.float32(255.0 / ((1 << entry_bits) - 1))
