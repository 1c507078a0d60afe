"""Uploads and the inbox over HTTP: verdicts, limits, one error shape, no patient in any log."""

import io
import logging
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler

from apps.cases.models import AuditEvent, Case, IngestFailure, Instance
from tests.dicom_files import write_dicom
from tests.factories import FindingFactory, IngestFailureFactory, ProjectFactory, uid

pytestmark = pytest.mark.django_db

ERROR_SHAPE = {"code", "message", "fields", "params"}


@pytest.fixture
def project():
    return ProjectFactory()


def upload(browser, project, path: Path, *, name: str = ""):
    with path.open("rb") as file:
        sent = SimpleUploadedFile(name or path.name, file.read())
    return browser.post(f"/api/projects/{project.pk}/uploads", {"file": sent})


def test_an_upload_is_stored_and_the_second_time_a_duplicate(as_role, project, tmp_path):
    browser = as_role("radiologist", project)
    path = write_dicom(tmp_path / "a.dcm")
    first = upload(browser, project, path)
    case_id = str(Case.objects.get(project=project).pk)
    stored = {"code": "", "message": "", "params": {}, "case_id": case_id}
    assert (first.status_code, first.json()) == (201, {"result": "stored", **stored})
    second = upload(browser, project, path)
    assert (second.status_code, second.json()) == (200, {"result": "duplicate", **stored})
    assert Instance.objects.count() == 1


def test_a_conflict_and_a_refusal_are_told_and_reach_the_admin(as_role, project, tmp_path):
    browser, admin = as_role("radiologist", project), as_role("admin", project)
    sop = uid()
    upload(browser, project, write_dicom(tmp_path / "a.dcm", SOPInstanceUID=sop))
    conflict = upload(browser, project, write_dicom(tmp_path / "b.dcm", SOPInstanceUID=sop))
    assert conflict.json()["result"] == "conflict"
    assert conflict.json()["code"] == "other_bytes"
    assert conflict.json()["message"].startswith("Another file with the same SOP Instance UID")
    (tmp_path / "c.txt").write_bytes(b"x" * 200)
    refused = upload(browser, project, tmp_path / "c.txt", name="<script>alert(1)</script>.dcm")
    assert (refused.status_code, refused.json()["result"]) == (200, "refused")
    assert refused.json()["code"] == "not_dicom"
    assert refused.json()["case_id"] is None

    inbox = admin.get(f"/api/projects/{project.pk}/ingest-failures").json()
    assert inbox["count"] == 2
    assert [row["code"] for row in inbox["rows"]] == ["not_dicom", "other_bytes"]
    assert inbox["rows"][1]["file_name"] == "b.dcm"
    assert inbox["rows"][0]["message"] == refused.json()["message"]


def test_the_inbox_is_paged_and_a_row_is_resolved_once(as_role, project):
    mine = [IngestFailureFactory(project=project) for _ in range(3)]
    foreign = IngestFailureFactory()
    admin = as_role("admin", project)
    root = f"/api/projects/{project.pk}/ingest-failures"
    page = admin.get(root, {"limit": 2, "offset": 1}).json()
    assert (page["count"], len(page["rows"])) == (3, 2)
    done = admin.post(
        f"{root}/{mine[0].pk}/resolve", {"resolution": "asked"}, content_type="application/json"
    )
    assert done.json()["resolution"] == "asked"
    assert done.json()["resolved_at"]
    assert admin.get(root).json()["count"] == 2
    assert admin.get(root, {"state": "resolved"}).json()["rows"][0]["id"] == str(mine[0].pk)
    assert admin.get(root, {"state": "all"}).json()["count"] == 3
    missing = admin.post(f"{root}/{foreign.pk}/resolve", {}, content_type="application/json")
    assert missing.status_code == 404
    foreign.refresh_from_db()
    assert foreign.resolved_at is None
    assert admin.get(root, {"state": "maybe"}).status_code == 400


def test_a_request_without_a_file_says_which_field(as_role, project):
    answer = as_role("radiologist", project).post(f"/api/projects/{project.pk}/uploads", {})
    assert answer.status_code == 400
    assert set(answer.json()) == ERROR_SHAPE
    assert list(answer.json()["fields"]) == ["file"]


def test_an_upload_without_room_is_507_and_stores_nothing(as_role, project, tmp_path, settings):
    settings.MINIMUM_FREE_FRACTION = 1.0
    answer = upload(as_role("radiologist", project), project, write_dicom(tmp_path / "a.dcm"))
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert not Instance.objects.exists()
    assert not IngestFailure.objects.exists()


def test_a_disk_that_fills_up_while_the_body_arrives_is_507(
    as_role, project, tmp_path, monkeypatch
):
    def receive(self, data, start):
        self.file.close()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(TemporaryFileUploadHandler, "receive_data_chunk", receive)
    answer = upload(as_role("radiologist", project), project, write_dicom(tmp_path / "a.dcm"))
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")


def test_a_body_over_the_limit_is_refused_before_it_is_read(as_role, project, settings):
    settings.MAXIMUM_UPLOAD_BYTES = 1000
    browser = as_role("radiologist", project)
    sent = SimpleUploadedFile("a.dcm", b"x" * 2000)
    answer = browser.post(f"/api/projects/{project.pk}/uploads", {"file": sent})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert answer.json()["params"] == {"limit_bytes": 1000}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("patch", "/api/session"),
        ("post", "/_allauth/browser/v1/auth/login"),
        ("post", "/csp-report"),
    ],
)
def test_other_bodies_are_limited_too(as_role, project, method, path):
    browser = as_role("radiologist", project)
    body = b'{"language": "' + b"x" * 1024 * 1024 + b'"}'
    answer = getattr(browser, method)(path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/nothing", 404),
        ("get", "/dicomweb/studies/../../etc/passwd", 404),
        ("get", "/dicomweb/studies/abc/metadata", 404),
        ("get", "/api/projects/1/ingest-failures", 404),
        ("delete", "/api/session", 404),
        ("put", "/api/projects", 404),
    ],
)
def test_what_does_not_exist_answers_in_the_one_shape(as_role, project, method, path, status):
    for browser in (as_role("admin", project),):
        answer = getattr(browser, method)(path)
        assert answer.status_code == status
        assert answer.json() == {
            "code": "not_found",
            "message": "There is nothing here that you may see.",
            "fields": {},
            "params": {},
        }


def test_broken_json_and_a_wrong_media_type_answer_in_the_one_shape(as_role, project):
    browser = as_role("radiologist", project)
    broken = browser.patch("/api/session", "{not json", content_type="application/json")
    assert (broken.status_code, set(broken.json())) == (400, ERROR_SHAPE)
    media = browser.patch("/api/session", "a=1", content_type="application/x-www-form-urlencoded")
    assert (media.status_code, set(media.json())) == (415, ERROR_SHAPE)
    host = browser.get("/api/session", headers={"host": "evil.example"})
    assert (host.status_code, set(host.json())) == (400, ERROR_SHAPE)


def test_api_answers_are_kept_by_no_cache(as_role, project):
    browser = as_role("radiologist", project)
    for path in ("/api/session", "/api/projects", "/api/nothing"):
        assert browser.get(path)["Cache-Control"] == "private, no-store"


@pytest.fixture
def log_lines():
    """Every line that any logger of the process writes, whatever its level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


CANARY = "ZQXCANARY"


@pytest.mark.filterwarnings("ignore")  # whatever is warned about is in the log, and looked at
def test_no_log_line_ever_names_the_patient(as_role, project, tmp_path, log_lines, settings):
    """A canary patient goes through upload, inbox, worklist, review and WADO-RS at level DEBUG."""
    logging.captureWarnings(capture=True)
    FindingFactory(project=project)
    marked = {
        "PatientName": f"{CANARY}^Jane",
        "PatientID": f"{CANARY}-1",
        "AccessionNumber": f"{CANARY}-2",
        "StudyDescription": f"{CANARY} chest",
        "StudyInstanceUID": uid(),
        "SOPInstanceUID": uid(),
    }
    browser, admin = as_role("radiologist", project), as_role("admin", project)
    path = write_dicom(tmp_path / "a.dcm", **marked)
    case_id = upload(browser, project, path, name=f"{CANARY}.dcm").json()["case_id"]
    other = write_dicom(tmp_path / "b.dcm", InstanceNumber=2, **marked)
    assert upload(browser, project, other, name=f"{CANARY}2.dcm").json()["result"] == "conflict"
    (tmp_path / "c").write_bytes(CANARY.encode() * 100)
    assert upload(browser, project, tmp_path / "c", name=f"{CANARY}.txt").status_code == 200
    inbox = admin.get(f"/api/projects/{project.pk}/ingest-failures")
    assert CANARY in inbox.content.decode()

    search = {"search": CANARY}
    root = f"/api/projects/{project.pk}"
    found = browser.post(f"{root}/worklist", search, content_type="application/json")
    assert found.json()["count"] == 1
    assert CANARY in browser.get(f"/api/cases/{case_id}/review").content.decode()
    study = f"/dicomweb/studies/{marked['StudyInstanceUID']}"
    assert CANARY in browser.get(f"{study}/metadata", {"PatientName": CANARY}).content.decode()
    assert browser.get(f"{study}/nothing", {"PatientName": CANARY}).status_code == 404
    series = Instance.objects.get().series.series_instance_uid
    instance = f"{study}/series/{series}/instances/{marked['SOPInstanceUID']}"
    for tail in ("/frames/1", "/thumbnail", ""):
        answer = browser.get(instance + tail, {"PatientID": CANARY})
        assert answer.status_code == 200
        b"".join(answer.streaming_content)
    browser.patch("/api/session", f'{{"language": "{CANARY}"', content_type="application/json")
    logging.captureWarnings(capture=False)

    own = log_lines.getvalue()
    assert "coread.request POST upload 201" in own
    for secret in (CANARY, marked["StudyInstanceUID"], marked["SOPInstanceUID"], series):
        assert secret not in own
    assert CANARY not in str(list(AuditEvent.objects.values()))
