"""Why may a file be refused? The closed list of reasons of the ingest gate and the image wrapper.

A reason is a stable code with parameters; the browser translates the code, the English sentence
here serves the command line and the API's `message`. Parameters are numbers, tags, UIDs of the
standard or words of a closed list, never text of a patient.
"""

from typing import Final

Param = int | float | str

REFUSAL_CODES: Final[dict[str, str]] = {
    # the container
    "empty_file": "The file is empty.",
    "file_too_large": "The file has {bytes} bytes; the limit is {limit}.",
    "not_dicom": "This is not a DICOM Part 10 file (no DICM marker after the preamble).",
    "missing_transfer_syntax": "The file does not say its transfer syntax (0002,0010).",
    "unsupported_transfer_syntax": "The transfer syntax {uid} is not supported.",
    "inflates_too_much": "The deflated data set is larger than {limit} bytes when inflated.",
    "bad_deflate": "The deflated data set is damaged.",
    "truncated": "The file ends in the middle of element {tag}.",
    "bad_structure": "The data elements around {tag} are damaged.",
    "bad_vr": "Element {tag} has an unknown value representation.",
    "too_deep": "Sequences are nested deeper than {limit} levels.",
    "too_many_elements": "The file has more than {limit} data elements.",
    # the header
    "missing_uid": "The required identifier {keyword} is missing.",
    "bad_uid": "The identifier {keyword} is not a valid UID.",
    "bad_number": "The number in {tag} is not readable.",
    "not_finite": "The number in {tag} is not finite.",
    "zero_slope": "Rescale Slope is 0, which would erase the image.",
    "bad_lut": "A lookup table of the image is damaged.",
    "missing_attribute": "The image attribute {keyword} is missing.",
    "bad_attribute": "The image attribute {keyword} has an impossible value.",
    "parse_failed": "The header cannot be read.",
    # the pixels
    "image_too_large": "The image is {rows} × {columns}; the limit is {limit} in each direction.",
    "pixels_too_large": "The pixels need {bytes} bytes; the limit is {limit}.",
    "unsupported_photometric": "The photometric interpretation {value} is not supported.",
    "unsupported_pixel_format": "Pixels of {bits} bits with {samples} samples are not supported.",
    "truncated_pixels": "The pixel data has {actual} bytes; the header promises {expected}.",
    "pixel_length_mismatch": (
        "The pixel data has {actual} bytes, which does not fit the {expected} of the header."
    ),
    "frames_unreadable": "The pixel data does not hold the {frames} frames the header promises.",
    "bad_codestream": "The compressed image of frame {frame} is damaged.",
    "codestream_mismatch": (
        "The compressed image of frame {frame} contradicts the header in {attribute}."
    ),
    "implausible_compression": (
        "Frame {frame} would grow from {compressed} to {bytes} bytes, more than is plausible."
    ),
    "decode_failed": "The pixels cannot be decoded.",
    # the process
    "too_expensive": "Reading the file needs more time or memory than allowed.",
    "decoder_crashed": "The reader crashed on this file.",
    # pictures that are not DICOM
    "unsupported_image_format": "Only PNG and JPEG pictures can be wrapped as DICOM.",
    "bad_image": "The picture is damaged.",
}


class Refused(Exception):  # noqa: N818  a verdict on a file, not a fault of the program
    """A file is not taken in, for a reason that the person who sent it can read.

    Parameters
    ----------
    code : one of `REFUSAL_CODES`
    params : the values of the sentence's placeholders; JSON-able
    """

    def __init__(self, code: str, params: dict[str, Param] | None = None) -> None:
        if code not in REFUSAL_CODES:
            raise ValueError(f"{code!r} is not in REFUSAL_CODES")
        self.code = code
        self.params = params or {}
        super().__init__(code)

    @property
    def message(self) -> str:
        """The English sentence; a placeholder without a value shows as '?'."""
        return REFUSAL_CODES[self.code].format_map(_Known(self.params))


class _Known(dict[str, Param]):
    def __missing__(self, key: str) -> str:
        return "?"
