"""WADO-RS: the right bytes, for the right people, cached by them alone, and on record."""

import json
import tracemalloc

import numpy as np
import pydicom
import pytest
from pydicom.datadict import keyword_for_tag

from apps import blobs
from apps.cases.headers import BLINDED_TAGS, blinded_headers
from apps.cases.models import AuditEvent, Case, ImageAccess, Instance
from apps.cases.services.ingest import ingest_file
from tests.dicom_files import write_dicom
from tests.factories import (
    AssignmentFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
    uid,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def study(project, tmp_path):
    """A study of two series: one image, and one of three frames; returns the instances."""
    study_uid = uid()
    for number, frames in ((1, 1), (2, 3)):
        path = write_dicom(
            tmp_path / f"{number}.dcm",
            frames=frames,
            StudyInstanceUID=study_uid,
            SeriesNumber=number,
        )
        verdict = ingest_file(path, project=project, uploaded_by=None, file_name=path.name)
        assert verdict.result == "stored"
    return list(Instance.objects.order_by("series__series_number"))


def address(instance: Instance, tail: str = "") -> str:
    series = instance.series
    return (
        f"/dicomweb/studies/{series.study.study_instance_uid}"
        f"/series/{series.series_instance_uid}/instances/{instance.sop_instance_uid}{tail}"
    )


def content(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def parts(response) -> list[tuple[str, bytes]]:
    """Split multipart/related by hand: (content type, payload) of each part."""
    boundary = response["Content-Type"].rpartition("boundary=")[2].encode()
    body = content(response)
    assert int(response["Content-Length"]) == len(body)
    assert body.endswith(b"--" + boundary + b"--\r\n")
    found = []
    for part in body.split(b"--" + boundary + b"\r\n")[1:]:
        head, _, payload = part.partition(b"\r\n\r\n")
        payload = payload.removesuffix(b"--" + boundary + b"--\r\n").removesuffix(b"\r\n")
        found.append((head.decode(), payload))
    return found


def test_frames_are_the_stored_bytes_and_name_their_transfer_syntax(as_role, project, study):
    stack = study[1]
    browser = as_role("radiologist", project)
    response = browser.get(
        address(stack, "/frames/1,3"),
        headers={"accept": "multipart/related; type=application/octet-stream; transfer-syntax=*"},
    )
    assert response.status_code == 200
    assert response["X-Content-Type-Options"] == "nosniff"
    expected = np.arange(72, dtype="<u2").reshape(3, 4, 6)  # as written by write_dicom
    syntax = "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1"
    assert parts(response) == [
        (f"Content-Type: {syntax}", expected[0].tobytes()),
        (f"Content-Type: {syntax}", expected[2].tobytes()),
    ]


@pytest.mark.parametrize("frames", ["4", "1,4", "0", "-1", "a", "1;2", ""])
def test_a_frame_that_is_not_there_is_not_found(as_role, project, study, frames):
    response = as_role("radiologist", project).get(address(study[1], f"/frames/{frames}"))
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_metadata_is_dicom_json_of_each_instance(as_role, project, study):
    browser = as_role("radiologist", project)
    study_uid = study[0].series.study.study_instance_uid
    everything = browser.get(f"/dicomweb/studies/{study_uid}/metadata")
    assert everything["Content-Type"] == "application/dicom+json"
    sops = [header["00080018"]["Value"] for header in everything.json()]
    assert sops == [[each.sop_instance_uid] for each in study]
    for number, instance in enumerate(study):
        series = f"/dicomweb/studies/{study_uid}/series/{instance.series.series_instance_uid}"
        assert browser.get(f"{series}/metadata").json() == [everything.json()[number]]
        one = browser.get(address(instance, "/metadata")).json()
        assert one == [everything.json()[number]]
        parsed = pydicom.Dataset.from_json(json.dumps(one[0]))
        assert (parsed.PatientName, parsed.Rows) == ("Doe^Jane", 4)
        assert "PixelData" not in parsed


def test_the_instance_is_the_file_with_its_preamble_zeroed(as_role, project, study, tmp_path):
    response = as_role("radiologist", project).get(address(study[0]))
    assert response["Content-Type"] == "application/dicom"
    body = content(response)
    assert body[:132] == bytes(128) + b"DICM"
    assert body[128:] == (tmp_path / "1.dcm").read_bytes()[128:]


def test_a_thumbnail_is_a_jpeg(as_role, project, study):
    response = as_role("radiologist", project).get(address(study[0], "/thumbnail"))
    assert response["Content-Type"] == "image/jpeg"
    assert content(response)[:3] == b"\xff\xd8\xff"


@pytest.mark.parametrize("tail", ["/metadata", "/frames/1", "/thumbnail", ""])
def test_answers_are_cached_by_this_person_alone(as_role, project, study, tail):
    browser = as_role("radiologist", project)
    response = browser.get(address(study[0], tail))
    content(response)
    assert response["Cache-Control"].startswith("private, max-age=")
    assert response["Vary"] == "Cookie"
    again = browser.get(address(study[0], tail), headers={"if-none-match": response["ETag"]})
    assert (again.status_code, content(again)) == (304, b"")
    assert again["Cache-Control"] == response["Cache-Control"]
    changed = browser.get(address(study[0], tail), headers={"if-none-match": '"other"'})
    assert changed.status_code == 200
    content(changed)


def test_a_head_request_gets_the_headers_alone(as_role, project, study):
    browser = as_role("radiologist", project)
    whole = browser.get(address(study[0], "/frames/1"))
    size = len(content(whole))
    head = browser.head(address(study[0], "/frames/1"))
    assert (head.status_code, content(head), int(head["Content-Length"])) == (200, b"", size)
    assert head["ETag"] == whole["ETag"]


@pytest.mark.parametrize("tail", ["/metadata", "/frames/1", "/thumbnail", ""])
def test_an_instance_must_lie_where_the_path_says(as_role, project, study, tail):
    """Both instances are visible to this person; a mixed path still names nothing."""
    one, two = study
    browser = as_role("radiologist", project)
    mixed = address(one, tail).replace(
        one.series.series_instance_uid, two.series.series_instance_uid
    )
    assert browser.get(mixed).status_code == 404
    assert not ImageAccess.objects.exists()


def test_another_projects_instance_of_a_visible_study_stays_unseen(
    as_role, project, study, tmp_path
):
    other = ProjectFactory()
    study_uid = study[0].series.study.study_instance_uid
    path = write_dicom(tmp_path / "guess.dcm", StudyInstanceUID=study_uid)
    ingest_file(path, project=other, uploaded_by=None, file_name="guess.dcm")
    intruder = as_role("radiologist", other)
    assert len(intruder.get(f"/dicomweb/studies/{study_uid}/metadata").json()) == 1
    for tail in ("/metadata", "/frames/1", "/thumbnail", ""):
        assert intruder.get(address(study[0], tail)).status_code == 404


def test_seeing_a_study_is_recorded_once_a_login_before_the_first_byte(log_in, project, study):
    user = UserFactory()
    MembershipFactory(user=user, project=project, role="radiologist")
    browser = log_in(user)
    response = browser.get(address(study[0], "/frames/1"))
    assert ImageAccess.objects.count() == 1  # nothing has been read from the stream yet
    content(response)
    for tail in ("/frames/1", "/metadata", ""):
        content(browser.get(address(study[1], tail)))
    seen = ImageAccess.objects.get()
    assert (seen.user, seen.study, seen.kind) == (user, study[0].series.study, "images")
    event = AuditEvent.objects.get(action="study.seen")
    assert (event.actor, event.target_id) == (user, str(seen.study_id))
    assert browser.session.session_key not in seen.login_sha256

    content(browser.get(address(study[0], "/thumbnail")))
    assert list(ImageAccess.objects.order_by("created_at").values_list("kind", flat=True)) == [
        "images",
        "thumbnail",
    ]
    content(log_in(user).get(address(study[0], "/frames/1")))  # another login
    assert (
        ImageAccess.objects.count() == AuditEvent.objects.filter(action="study.seen").count() == 3
    )


@pytest.fixture
def blinded(log_in, project, study, tmp_path):
    """A radiologist who reads the same patient blinded in another project."""
    other = ProjectFactory()
    path = write_dicom(tmp_path / "x.dcm", StudyInstanceUID=uid())
    ingest_file(path, project=other, uploaded_by=None, file_name="x.dcm")
    user = UserFactory()
    MembershipFactory(user=user, project=project, role="radiologist")
    AssignmentFactory(user=user, case=Case.objects.get(project=other), role="annotator")
    return log_in(user)


def test_a_blinded_reader_gets_pixels_and_what_draws_them_but_no_identity(blinded, study):
    response = blinded.get(address(study[0], "/metadata"))
    assert response.status_code == 200
    header = response.json()[0]
    assert header["00280010"]["Value"] == [4]
    assert set(header) <= set(BLINDED_TAGS)
    for secret in (b"Doe", b"PID-1", b"ACC-1", b"CHEST PA", b"19700102", b"20260301"):
        assert secret not in response.content
    assert len(parts(blinded.get(address(study[0], "/frames/1")))) == 1
    assert blinded.get(address(study[0])).status_code == 404  # the file holds the whole header


def test_an_annotator_has_no_way_to_images_but_their_own_reads(log_in, project, study):
    user = UserFactory()
    MembershipFactory(user=user, project=project, role="annotator")
    AssignmentFactory(user=user, case=Case.objects.get(), role="annotator")
    for path in ("/metadata", "/frames/1", "/thumbnail", ""):
        assert log_in(user).get(address(study[0], path)).status_code == 404


def test_a_radiologist_who_also_annotates_the_patient_elsewhere_is_blinded_everywhere(
    log_in, project, study, tmp_path
):
    other = ProjectFactory()
    path = write_dicom(tmp_path / "x.dcm", StudyInstanceUID=uid())  # the same patient
    ingest_file(path, project=other, uploaded_by=None, file_name="x.dcm")
    user = UserFactory()
    MembershipFactory(user=user, project=project, role="radiologist")
    MembershipFactory(user=user, project=other, role="annotator")
    browser = log_in(user)
    assert "00100010" in browser.get(address(study[0], "/metadata")).json()[0]
    AssignmentFactory(user=user, case=Case.objects.get(project=other), role="annotator")
    assert "00100010" not in browser.get(address(study[0], "/metadata")).json()[0]
    assert browser.get(address(study[0])).status_code == 404


def test_the_allow_list_names_real_tags_and_filters_at_every_depth():
    for tag, keyword in BLINDED_TAGS.items():
        assert keyword_for_tag(int(tag, 16)) == keyword or keyword == "AvailableTransferSyntaxUID"
    nested = {
        "52009229": {
            "vr": "SQ",
            "Value": [
                {
                    "00289110": {
                        "vr": "SQ",
                        "Value": [
                            {
                                "00280030": {"vr": "DS", "Value": [1, 1]},
                                "00100020": {"vr": "LO", "Value": ["PID"]},
                            }
                        ],
                    },
                    "00081040": {"vr": "LO", "Value": ["Ward 3"]},
                }
            ],
        },
        "00081030": {"vr": "LO", "Value": ["CHEST"]},
    }
    assert blinded_headers(nested) == {
        "52009229": {
            "vr": "SQ",
            "Value": [
                {
                    "00289110": {
                        "vr": "SQ",
                        "Value": [{"00280030": {"vr": "DS", "Value": [1, 1]}}],
                    }
                }
            ],
        }
    }


def test_a_large_file_is_streamed_without_a_copy_in_memory(as_role, project, study, tmp_path):
    size = 32 * 1024 * 1024
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(size)
    instance = study[0]
    instance.rendition_sha256 = instance.stored_sha256 = blobs.put_file(big)
    instance.frame_ranges = [[[0, size]]]
    instance.save()
    browser = as_role("radiologist", project)
    browser.get(address(study[1], "/metadata"))  # loads what the first request loads
    for tail in ("/frames/1", ""):
        tracemalloc.start()
        response = browser.get(address(instance, tail))
        received = sum(len(chunk) for chunk in response.streaming_content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert received >= size
        assert peak < 4 * 1024 * 1024


def test_missing_bytes_are_not_found_and_not_a_broken_answer(as_role, project, study, settings):
    (folder,) = [settings.MEDIA_ROOT]
    sha256 = study[0].stored_sha256
    (folder / sha256[:2] / sha256[2:4] / sha256).unlink()
    browser = as_role("radiologist", project)
    for tail in ("/frames/1", ""):
        assert browser.get(address(study[0], tail)).status_code == 404
    assert browser.get(address(study[1], "/frames/1")).status_code == 200
