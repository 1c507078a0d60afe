"""Every real file, sent through the upload into a fresh store: refused with a reason, or its pixels
come back over WADO-RS equal to what pydicom reads in the file itself."""

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from pydicom.encaps import encapsulate
from pydicom.pixels import pixel_array
from pydicom.pixels.processing import apply_modality_lut
from pydicom.uid import UID

from apps.cases.compute.refusals import REFUSAL_CODES
from apps.cases.models import Instance
from tests.factories import ProjectFactory

pytestmark = [
    pytest.mark.full,
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore"),  # of pydicom, about what is odd in these files
]
LOSSY_JPEG = {pydicom.uid.JPEGBaseline8Bit, pydicom.uid.JPEGExtended12Bit}


def frame_from_wado(browser, instance: Instance) -> np.ndarray:
    """Rebuild the first frame from the metadata and the frame's bytes alone, as a viewer does."""
    series = instance.series
    root = (
        f"/dicomweb/studies/{series.study.study_instance_uid}/series/{series.series_instance_uid}"
        f"/instances/{instance.sop_instance_uid}"
    )
    header = json.dumps(browser.get(f"{root}/metadata").json()[0])
    answer = browser.get(f"{root}/frames/1")
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content)
    boundary = answer["Content-Type"].rpartition("boundary=")[2]
    head, _, rest = body.partition(b"\r\n\r\n")
    pixels = rest.removesuffix(f"\r\n--{boundary}--\r\n".encode())
    syntax = UID(head.rpartition(b"transfer-syntax=")[2].decode())
    dataset = pydicom.Dataset.from_json(header)
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.NumberOfFrames = 1
    dataset.PixelData = encapsulate([pixels]) if syntax.is_compressed else pixels
    dataset["PixelData"].VR = "OB" if syntax.is_compressed else "OW"
    return pixel_array(dataset, raw=True)


def first_frame_of(path: Path, *, photometric: str) -> np.ndarray | None:
    """What pydicom reads itself, as RGB where the rendition is RGB, behind a Modality LUT, which
    the rendition has in its pixels; None where it cannot."""
    dataset = pydicom.dcmread(path)
    is_as_stored = dataset.get("PhotometricInterpretation") == photometric
    try:
        pixels = pixel_array(dataset, raw=is_as_stored, index=0)
        return apply_modality_lut(pixels, dataset) if "ModalityLUTSequence" in dataset else pixels
    except Exception:  # noqa: BLE001  whatever the oracle trips over, it gives no answer
        return None


def judge(browser, project, path: Path) -> str:
    sent = SimpleUploadedFile(path.name, path.read_bytes())
    verdict = browser.post(f"/api/projects/{project.pk}/uploads", {"file": sent}).json()
    if verdict["result"] == "refused":
        assert verdict["code"] in REFUSAL_CODES
        assert verdict["message"]
        assert not Instance.objects.exists()
        return f"refused: {verdict['code']}"
    assert verdict["result"] == "stored"
    instance = Instance.objects.get()
    if not instance.has_pixels:
        return "no pixels"
    photometric = instance.metadata["00280004"]["Value"][0]
    expected = first_frame_of(path, photometric=photometric)
    if expected is None:
        return "shown; no oracle"
    found = frame_from_wado(browser, instance)
    source = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    if source in LOSSY_JPEG:  # decoders may round the cosine transform differently
        np.testing.assert_allclose(found.astype(float), expected.astype(float), atol=2)
        return "shown, within rounding"
    np.testing.assert_array_equal(found, expected)
    return "shown, equal"


def test_every_real_file_is_refused_with_a_reason_or_comes_back_equal(as_role, shared_data):
    project = ProjectFactory()
    browser = as_role("radiologist", project)
    paths = sorted((shared_data / "dicom").rglob("*.dcm"))
    assert len(paths) > 80
    ended: dict[str, list[str]] = {}
    wrong = []
    for path in paths:
        with transaction.atomic():  # each file into a fresh store
            try:
                ended.setdefault(judge(browser, project, path), []).append(path.name)
            except AssertionError as error:
                wrong.append(f"{path.name}: {str(error)[:300]}")
            transaction.set_rollback(True)
    for verdict, names in ended.items():
        print(f"{verdict}: {len(names)}", *names, sep="\n  ")  # noqa: T201
    assert wrong == []
    assert len(ended["shown, equal"]) >= 45
