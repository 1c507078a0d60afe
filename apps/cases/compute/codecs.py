"""Which codec decodes which transfer syntax? imagecodecs, registered as pydicom's decoder plugin.

Every call of pydicom in Coread names this plugin, so that a codec which happens to be installed
(pylibjpeg is the tests' oracle) never takes part in production.
"""

from typing import Any, Final

import imagecodecs
import numpy as np
from pydicom import uid
from pydicom.pixels import get_decoder
from pydicom.pixels.decoders.base import DecodeRunner

PLUGIN: Final = "imagecodecs"

JPEG_SYNTAXES: Final = frozenset(
    {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1}
)
JPEG_LS_SYNTAXES: Final = frozenset({uid.JPEGLSLossless, uid.JPEGLSNearLossless})
JPEG_2000_SYNTAXES: Final = frozenset(
    {uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K}
)
ENCAPSULATED_SYNTAXES: Final = frozenset(
    JPEG_SYNTAXES | JPEG_LS_SYNTAXES | JPEG_2000_SYNTAXES | {uid.RLELossless}
)
NATIVE_SYNTAXES: Final = frozenset(
    {
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
    }
)
ACCEPTED_SYNTAXES: Final = frozenset(NATIVE_SYNTAXES | ENCAPSULATED_SYNTAXES)

DECODER_DEPENDENCIES: Final = dict.fromkeys(ENCAPSULATED_SYNTAXES, ("imagecodecs",))


def is_available(transfer_syntax: str) -> bool:
    """Part of pydicom's plugin protocol."""
    return transfer_syntax in ENCAPSULATED_SYNTAXES


def decode(src: bytes, runner: DecodeRunner) -> bytearray:
    """Decode one frame (pydicom's plugin protocol): samples interleaved, colour untouched.

    Parameters
    ----------
    src : the code stream of one frame
    runner : pydicom's options; the container size and colour space of the answer are set on it

    Returns
    -------
    bytearray, (rows, columns[, samples]) in C order, little endian

    Raises
    ------
    ValueError : the decoded shape differs from the header's
    imagecodecs errors (RuntimeError or ValueError) : the code stream is damaged
    """
    if runner.transfer_syntax == uid.RLELossless:
        return _decode_rle(src, runner)
    frame = np.asarray(_decode_codestream(src, runner))
    shape: tuple[int, ...] = (runner.rows, runner.columns)
    if runner.samples_per_pixel > 1:
        shape = (*shape, runner.samples_per_pixel)
        runner.set_option("planar_configuration", 0)
    if frame.shape != shape:
        raise ValueError(f"decoded shape {frame.shape}, expected {shape}")
    runner.set_option("bits_allocated", 8 * frame.dtype.itemsize)
    little_endian = frame.dtype.newbyteorder("<")
    return bytearray(np.ascontiguousarray(frame, dtype=little_endian).tobytes())


def _decode_codestream(src: bytes, runner: DecodeRunner) -> Any:
    if runner.transfer_syntax in JPEG_2000_SYNTAXES:
        # the multiple component transform is undone by the decoder, so the samples are RGB
        if runner.photometric_interpretation in ("YBR_ICT", "YBR_RCT"):
            runner.set_option("photometric_interpretation", "RGB")
        return imagecodecs.jpeg2k_decode(src)
    if runner.transfer_syntax in JPEG_LS_SYNTAXES:
        return imagecodecs.jpegls_decode(src)
    if runner.samples_per_pixel == 1:
        return imagecodecs.jpeg8_decode(src)
    # The same colour space in and out means: convert nothing. What libjpeg would guess from
    # markers is not DICOM's rule; pydicom converts by Photometric Interpretation afterwards.
    return imagecodecs.jpeg8_decode(src, colorspace="YCBCR", outcolorspace="YCBCR")


def _decode_rle(src: bytes, runner: DecodeRunner) -> bytearray:
    """PS3.5 Annex G: byte planes, the most significant first, each packed by itself."""
    bytes_per_sample = runner.bits_allocated // 8
    pixels = runner.rows * runner.columns
    planes = runner.samples_per_pixel * bytes_per_sample
    header = np.frombuffer(src[:64], dtype="<u4")
    if header.size != 16 or header[0] != planes:
        raise ValueError("the RLE header does not fit the image")
    ends = [*header[2 : planes + 1].tolist(), len(src)]
    starts = header[1 : planes + 1].tolist()
    frame = np.empty((runner.samples_per_pixel, pixels, bytes_per_sample), dtype=np.uint8)
    # a plane may be padded by one byte, so the scratch space is a little larger than the plane
    scratch = bytearray(pixels + 256)
    for plane, (start, end) in enumerate(zip(starts, ends, strict=True)):
        decoded = imagecodecs.packbits_decode(src[start:end], out=scratch)
        if len(decoded) < pixels:
            raise ValueError("an RLE segment is too short")
        sample, byte = divmod(plane, bytes_per_sample)
        frame[sample, :, bytes_per_sample - 1 - byte] = np.frombuffer(decoded, np.uint8)[:pixels]
    runner.set_option("planar_configuration", 1)
    return bytearray(frame.tobytes())


def register() -> None:
    """Add the plugin to pydicom's decoders; a second call changes nothing."""
    for transfer_syntax in ENCAPSULATED_SYNTAXES:
        decoder = get_decoder(transfer_syntax)
        if PLUGIN not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN, (__name__, "decode"))
