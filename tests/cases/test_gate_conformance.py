"""Every real file of the shared collection: shown as pydicom decodes it, or refused by name.

The oracle is pydicom with pylibjpeg, which production does not use. `REFUSED` is the whole list of
refusals and `TOLERANCES` the whole list of differences; everything else is accepted bit for bit.
"""

import csv
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread, uid
from pydicom.encaps import generate_frames
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

from apps.cases.compute.accepted import Accepted
from apps.cases.compute.gate import inspect_file
from apps.cases.compute.pixels import decode_frame, display_image
from apps.cases.compute.refusals import Refused

CT = "ct_same_image_16_syntaxes/CTImage.dcm"
JPEG = "1.2.840.10008.1.2.4"

REFUSED = {
    # retired processes
    f"{CT}_JPEGProcess10_12TransferSyntax_{JPEG}.55.dcm": "unsupported_transfer_syntax",
    f"{CT}_JPEGProcess6_8TransferSyntax_{JPEG}.53.dcm": "unsupported_transfer_syntax",
    # codec samples without a study to belong to
    "conformance/HTJ2K_08_RGB.dcm": "missing_uid",
    "conformance/HTJ2KLossless_08_RGB.dcm": "missing_uid",
    "conformance/JLSL_08_07_0_1F.dcm": "missing_uid",
    "conformance/JLSL_16_15_1_1F.dcm": "missing_uid",
    "conformance/JPEGLSNearLossless_08.dcm": "missing_uid",
    "conformance/SC_rgb_jls_lossy_line.dcm": "missing_uid",
    "conformance/empty_charset_LEI.dcm": "missing_uid",
    "charsets/chrSQEncoding1.dcm": "missing_uid",
    # colour of 32 bits per sample: no image object has it, no browser shows it
    "conformance/SC_rgb_rle_32bit.dcm": "unsupported_pixel_format",
    # a radiograph without pixels
    "charsets/chrJapMultiExplicitIR6.dcm": "missing_attribute",
    "conformance/rtplan_truncated.dcm": "truncated",
    # no Part 10 header
    "malformed/ExplVR_BigEndNoMeta.dcm": "not_dicom",
    "malformed/ExplVR_LitEndNoMeta.dcm": "not_dicom",
    "malformed/JLSL_RGB_ILV0.dcm": "not_dicom",
    "malformed/JLSL_RGB_ILV1.dcm": "not_dicom",
    "malformed/JLSL_RGB_ILV2.dcm": "not_dicom",
    "malformed/JLSN_RGB_ILV0.dcm": "not_dicom",
    "malformed/rtstruct.dcm": "not_dicom",
    "malformed/MR_truncated.dcm": "truncated_pixels",
    "malformed/badVR.dcm": "bad_number",
    "malformed/liver_deflate.dcm": "unsupported_transfer_syntax",
    "malformed/liver_nonbyte_aligned_deflate.dcm": "unsupported_transfer_syntax",
    "malformed/liver_nonbyte_aligned_rle.dcm": "unsupported_pixel_format",
    "malformed/liver_rle.dcm": "unsupported_pixel_format",
    "malformed/meta_missing_tsyntax.dcm": "missing_transfer_syntax",
    "malformed/nested_priv_SQ.dcm": "missing_uid",
}

# no pixels, or none of integers: stored and listed, never shown as an image
WITHOUT_PIXELS = {
    "conformance/parametric_map_double_float.dcm",
    "conformance/parametric_map_float.dcm",
    "conformance/reportsi_with_empty_number_tags.dcm",
    "conformance/sm_annotations.dcm",
    "conformance/sr_document.dcm",
    "conformance/test-SR.dcm",
    "conformance/waveform_ecg.dcm",
}

# grey levels by which two correct decoders of a lossy JPEG may differ (inverse cosine transform,
# and for colour the chroma interpolation), as the collection's README allows
TOLERANCES = {
    f"{CT}_JPEGProcess1TransferSyntax_{JPEG}.50.dcm": 1,
    f"{CT}_JPEGProcess2_4TransferSyntax_{JPEG}.51.dcm": 1,
    "conformance/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm": 1,
    f"conformance/CTImage.dcm_JPEGProcess1TransferSyntax_{JPEG}.50.dcm": 1,
    "conformance/JPGExtended.dcm": 1,
    "conformance/SC_rgb_dcmtk_+eb+cr.dcm": 1,
    "conformance/examples_ybr_color.dcm": 3,
    "malformed/JPEG-lossy.dcm": 1,
}

# pylibjpeg refuses the code stream of the first; the second is the same image, encoded correctly
ORACLES = {"malformed/JPEG-lossy.dcm": "conformance/JPGExtended.dcm"}

NOT_CLASSIFIABLE = (
    "seg_",
    "sm_",
    "rtdose",
    "parametric_map",
    "sr_",
    "test-SR",
    "waveform",
    "report",
)


def _files() -> list[str]:
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    manifest = Path(os.environ.get("COREAD_SHARED_DATA", beside)) / "dicom" / "manifest.csv"
    if not manifest.exists():
        return []
    with manifest.open(newline="") as stream:
        return [row["file"] for row in csv.DictReader(stream)]


FILES = _files()


def _oracle(path: Path) -> list[NDArray[Any]]:
    """All frames as pydicom decodes them, by pylibjpeg where they are compressed.

    A table that the rendition has in its pixels is applied.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = dcmread(path)
        syntax = header.file_meta.TransferSyntaxUID
        if syntax.is_encapsulated:
            pixels = pixel_array(header, decoding_plugin="pylibjpeg")
        else:
            pixels = pixel_array(header)
        if "ModalityLUTSequence" in header:
            pixels = apply_modality_lut(pixels, header)
        count = int(header.get("NumberOfFrames") or 1)
    return [pixels] if count == 1 else list(pixels)


def _ours(accepted: Accepted) -> list[NDArray[Any]]:
    return [
        decode_frame(accepted.rendition_path, number + 1).array
        for number in range(accepted.facts.number_of_frames)
    ]


def test_the_tables_name_real_files_only() -> None:
    if not FILES:
        pytest.skip("no shared data")
    assert set(REFUSED) | WITHOUT_PIXELS | set(TOLERANCES) <= set(FILES)


@pytest.mark.parametrize("file", FILES)
def test_file_is_shown_as_pydicom_decodes_it_or_refused(
    file: str, shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "dicom" / file
    if file in REFUSED:
        with pytest.raises(Refused) as refusal:
            inspect_file(path, tmp_path)
        assert refusal.value.code == REFUSED[file]
        return

    accepted = inspect_file(path, tmp_path)

    assert accepted.facts.has_pixels == (file not in WITHOUT_PIXELS)
    assert accepted.facts.is_classifiable == (not Path(file).name.startswith(NOT_CLASSIFIABLE))
    if not accepted.facts.has_pixels:
        assert accepted.frame_ranges == []
        assert accepted.thumbnail_path is None
        return
    oracle = _oracle(shared_data / "dicom" / ORACLES.get(file, file))
    for ours, theirs in zip(_ours(accepted), oracle, strict=True):
        assert ours.shape == theirs.shape
        difference = np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).max()
        assert difference <= TOLERANCES.get(file, 0)
    _check_frame_ranges(accepted)


def test_modality_table_is_in_the_pixels(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "dicom/conformance/mlut_18.dcm"
    stored = pixel_array(path)

    accepted = inspect_file(path, tmp_path)

    # the file's table: the first value mapped is -2048; entries 0, 2047, 2052 and 4095
    frame = decode_frame(accepted.rendition_path).array
    assert frame.dtype == np.uint16
    for value, expected in ((-2048, 0), (-1, 32759), (4, 32840), (2047, 65535)):
        assert set(frame[stored == value]) == {expected}
    assert (display_image(accepted.rendition_path) == display_image(path)).all()
    assert "00283000" not in accepted.metadata
    assert accepted.metadata["00280103"]["Value"] == [0]
    assert accepted.metadata["00281054"]["Value"] == ["US"]


def test_sign_that_the_code_stream_denies(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "dicom/conformance/J2K_pixelrep_mismatch.dcm"
    accepted = inspect_file(path, tmp_path)
    rendition = dcmread(accepted.rendition_path)
    assert rendition.file_meta.TransferSyntaxUID == accepted.facts.transfer_syntax_uid
    assert rendition.file_meta.TransferSyntaxUID == uid.ExplicitVRLittleEndian
    assert (rendition.PixelRepresentation, rendition.BitsStored) == (1, 13)
    values = np.frombuffer(rendition.PixelData, "<i2").reshape(512, 512)  # as a browser reads them
    assert (values.min(), values.max()) == (-2000, 1896)
    assert (values == pixel_array(path, decoding_plugin="pylibjpeg")).all()


def test_segmented_palette_is_expanded(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "dicom/conformance/gdcm-US-ALOKA-16.dcm"
    source = dcmread(path)
    accepted = inspect_file(path, tmp_path)
    rendition = dcmread(accepted.rendition_path)
    assert {"00281221", "00281222", "00281223"}.isdisjoint(accepted.metadata)
    indices = pixel_array(path)
    colours = apply_color_lut(rendition.pixel_array, rendition)
    assert (colours == apply_color_lut(indices, source)).all()
    assert len(np.unique(colours.reshape(-1, 3), axis=0)) > 10


def _check_frame_ranges(accepted: Accepted) -> None:
    """The ranges hold exactly what pydicom finds for each frame in the rendition."""
    content = accepted.rendition_path.read_bytes()
    header = dcmread(accepted.rendition_path)
    count = accepted.facts.number_of_frames
    assert len(accepted.frame_ranges) == count
    frames = [
        b"".join(content[offset : offset + length] for offset, length in ranges)
        for ranges in accepted.frame_ranges
    ]
    if header.file_meta.TransferSyntaxUID.is_encapsulated:
        assert frames == list(generate_frames(header.PixelData, number_of_frames=count))
    else:
        pixels = header.PixelData
        assert len(set(map(len, frames))) == 1
        assert b"".join(frames) == pixels[: sum(map(len, frames))]
        assert len(pixels) - sum(map(len, frames)) < 2
