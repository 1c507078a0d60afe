"""What does the header say of the pixels, and is that possible? Checked before any decoding."""

from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from apps.cases.compute.refusals import Refused

MAX_SIDE: Final = 16_384
MAX_PIXEL_BYTES: Final = 1 << 30

_GREY: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"})
_COLOUR: Final = frozenset({"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT"})
_PALETTE: Final = ("Red", "Green", "Blue")


@dataclass(frozen=True, kw_only=True)
class ImageAttributes:
    """The image pixel module (PS3.3 C.7.6.3) of one object."""

    rows: int
    columns: int
    frames: int
    samples: int
    bits_allocated: int
    bits_stored: int
    is_signed: bool
    planar: int
    photometric: str

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame, decoded; YBR_FULL_422 counts as it is stored uncompressed."""
        bits = self.rows * self.columns * self.samples * self.bits_allocated
        return -(-bits // 8)

    @property
    def native_bytes(self) -> int:
        """Bytes that all frames take in an uncompressed file."""
        if self.photometric == "YBR_FULL_422":  # two pixels share one Cb and one Cr
            return self.rows * (-(-self.columns // 2)) * 4 * self.frames
        bits = self.rows * self.columns * self.samples * self.bits_allocated * self.frames
        return -(-bits // 8)


def image_attributes(header: Dataset) -> ImageAttributes:
    """Read and check the image pixel module.

    Parameters
    ----------
    header : the data set without pixels

    Returns
    -------
    ImageAttributes

    Raises
    ------
    Refused : missing_attribute, bad_attribute, image_too_large, pixels_too_large,
        unsupported_photometric, unsupported_pixel_format, bad_lut
    """
    samples = _number(header, "SamplesPerPixel")
    frames = header.get("NumberOfFrames")
    bits_allocated = _number(header, "BitsAllocated")
    image = ImageAttributes(
        rows=_number(header, "Rows"),
        columns=_number(header, "Columns"),
        frames=1 if frames is None or frames == "" else int(frames),
        samples=samples,
        bits_allocated=bits_allocated,
        bits_stored=_number(header, "BitsStored"),
        is_signed=_number(header, "PixelRepresentation", default=0) == 1,
        planar=_number(header, "PlanarConfiguration", default=0),
        photometric=str(header.get("PhotometricInterpretation") or ""),
    )
    _check_format(image, header)
    _check_size(image)
    if image.photometric == "PALETTE COLOR":
        _check_palette(header)
    return image


def _number(header: Dataset, keyword: str, *, default: int | None = None) -> int:
    value = header.get(keyword)
    if value is None or value == "":
        if default is not None:
            return default
        raise Refused("missing_attribute", {"keyword": keyword})
    if not isinstance(value, int):
        raise Refused("bad_attribute", {"keyword": keyword})
    return value


def _check_size(image: ImageAttributes) -> None:
    if image.rows < 1 or image.columns < 1:
        raise Refused("bad_attribute", {"keyword": "Rows" if image.rows < 1 else "Columns"})
    if image.rows > MAX_SIDE or image.columns > MAX_SIDE:
        raise Refused(
            "image_too_large", {"rows": image.rows, "columns": image.columns, "limit": MAX_SIDE}
        )
    if image.frames < 1:
        raise Refused("bad_attribute", {"keyword": "NumberOfFrames"})
    total = image.frame_bytes * image.frames
    if total > MAX_PIXEL_BYTES:
        raise Refused("pixels_too_large", {"bytes": total, "limit": MAX_PIXEL_BYTES})


def _check_format(image: ImageAttributes, header: Dataset) -> None:
    if not image.photometric:
        raise Refused("missing_attribute", {"keyword": "PhotometricInterpretation"})
    if image.photometric not in _GREY | _COLOUR:
        raise Refused("unsupported_photometric", {"value": image.photometric[:16]})
    if image.samples != (1 if image.photometric in _GREY else 3):
        raise Refused("bad_attribute", {"keyword": "SamplesPerPixel"})
    # colour deeper than 8 bits is drawn wrongly by browsers; no image object of DICOM needs it
    depths = (1, 8, 16, 32) if image.samples == 1 else (8,)
    if image.bits_allocated not in depths:
        raise Refused(
            "unsupported_pixel_format", {"bits": image.bits_allocated, "samples": image.samples}
        )
    if not 1 <= image.bits_stored <= image.bits_allocated:
        raise Refused("bad_attribute", {"keyword": "BitsStored"})
    # bits stored elsewhere than at the low end (retired) would be shown at the wrong scale
    if _number(header, "HighBit", default=image.bits_stored - 1) != image.bits_stored - 1:
        raise Refused("bad_attribute", {"keyword": "HighBit"})
    if image.planar not in (0, 1):
        raise Refused("bad_attribute", {"keyword": "PlanarConfiguration"})
    if _number(header, "PixelRepresentation", default=0) not in (0, 1):
        raise Refused("bad_attribute", {"keyword": "PixelRepresentation"})


def _check_palette(header: Dataset) -> None:
    """A table shorter than its descriptor reads behind its end (CVE-2026-5443 and -5445)."""
    for colour in _PALETTE:
        descriptor = header.get(f"{colour}PaletteColorLookupTableDescriptor")
        if descriptor is None or isinstance(descriptor, (bytes, str)) or len(descriptor) != 3:
            raise Refused("bad_lut")
        entries, bits = int(descriptor[0]) or 1 << 16, int(descriptor[2])
        table = header.get(f"{colour}PaletteColorLookupTableData")
        is_segmented = f"Segmented{colour}PaletteColorLookupTableData" in header
        if table is None and is_segmented and bits == 16:
            continue
        if bits not in (8, 16) or not isinstance(table, bytes) or len(table) < entries * bits // 8:
            raise Refused("bad_lut")
