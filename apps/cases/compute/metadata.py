"""What does the viewer get to know of an instance? The DICOM JSON model, less bulk and private."""

from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from apps.cases.compute import voi
from apps.cases.compute.header import HeaderReader
from apps.cases.compute.text import decode_text

# lookup tables, which the viewer needs inline: palette, segmented palette, modality and VOI
_INLINE: Final = frozenset(
    {0x00281201, 0x00281202, 0x00281203, 0x00281204, 0x00281221, 0x00281222, 0x00281223, 0x00283006}
)
_BULK_VRS: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_ICON: Final = 0x00880200
# Window Center & Width Explanation of a window that stands in for a VOI LUT
COVERING_WINDOW: Final = "RANGE OF VOI LUT"
_PN_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


def json_model(header: Dataset) -> dict[str, Any]:
    """The DICOM JSON model (PS3.18 F.2) of a rendition.

    Parameters
    ----------
    header : the data set without pixels, freshly read; it is changed

    Returns
    -------
    dict of tag (8 hexadecimal digits) -> {"vr", "Value" | "InlineBinary"}; lookup tables inline;
    without private elements, icons, overlays' bits and other bulk data; with a window, so
    explained, where a VOI LUT alone says how to show the image: browsers know no VOI LUT

    Raises
    ------
    errors of pydicom for values that do not fit their VR
    """
    reader = HeaderReader(header)
    raw_texts = {f"{int(tag):08X}": reader.raw(tag) for tag in header.keys()}  # noqa: SIM118
    _add_windows(header)
    _drop_bulk(header)
    model: dict[str, Any] = header.to_json_dict()
    model.pop("00080005", None)  # the JSON text itself is UTF-8 (PS3.18 F.2.2)
    for tag, element in model.items():
        raw = raw_texts.get(tag, b"")
        if element["vr"] in _TEXT_VRS and not raw.isascii():
            element["Value"] = _decoded(raw, element["vr"], reader.character_sets)
    return {tag: _without_nul(value) for tag, value in model.items()}


def _add_windows(header: Dataset) -> None:
    transforms = [header]
    for groups in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for group in header.get(groups) or []:
            transforms += group.get("FrameVOILUTSequence") or []
    for transform in transforms:
        window = voi.covering_window(transform)
        if window is not None:
            transform.WindowCenter, transform.WindowWidth = window
            transform.WindowCenterWidthExplanation = COVERING_WINDOW
            transform.VOILUTFunction = "LINEAR"


def _decoded(raw: bytes, vr: str, character_sets: list[str]) -> list[Any]:
    """A text in its true characters, as the facts have it; pydicom knows the declared ones only."""
    text = decode_text(raw, character_sets).value
    if vr == "PN":
        groups = zip(_PN_GROUPS, text.split("="), strict=False)
        return [{key: group for key, group in groups if group}]
    return text.split("\\") if vr in ("LO", "SH", "UC") else [text]


def _without_nul(value: Any) -> Any:
    """The same without NUL in any text: PostgreSQL stores none in JSON."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(part) for part in value]
    if isinstance(value, dict):
        return {key: _without_nul(part) for key, part in value.items()}
    return value


def _drop_bulk(item: Dataset) -> None:
    for tag in list(item.keys()):
        if Tag(tag).is_private or int(tag) == _ICON:
            del item[tag]
            continue
        element = item[tag]
        if element.VR == "SQ":
            for nested in element.value or []:
                _drop_bulk(nested)
        elif element.VR in _BULK_VRS and int(tag) not in _INLINE:
            del item[tag]
