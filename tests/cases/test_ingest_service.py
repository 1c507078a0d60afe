"""What becomes of a file: stored once, never overwritten, or in the inbox with a reason."""

import threading
from pathlib import Path

import pytest
from django.db import connection

from apps import blobs
from apps.cases.models import (
    AuditEvent,
    Case,
    CaseInstance,
    IngestFailure,
    Instance,
    Patient,
    Series,
    Study,
)
from apps.cases.services.failures import ingest_failure_resolve
from apps.cases.services.ingest import ingest_file
from apps.cases.services.studies import dicom_date, dicom_time
from apps.cases.signals import case_extended
from apps.errors import NotFound, StorageFull
from tests.dicom_files import write_dicom
from tests.factories import ProjectFactory, UserFactory, uid

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory(code="chest")


def ingest(path, project, user=None):
    return ingest_file(path, project=project, uploaded_by=user, file_name=path.name)


def stored_files(settings) -> set[str]:
    return {path.name for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()}


def test_a_file_is_stored_with_its_patient_study_series_and_case(project, tmp_path):
    user = UserFactory()
    path = write_dicom(tmp_path / "a.dcm", PatientName="Wang^XiaoDong=王^小东")
    verdict = ingest(path, project, user)

    assert verdict.result == "stored"
    instance = Instance.objects.get()
    assert verdict.case_id == Case.objects.get(project=project, study=instance.series.study).pk
    assert list(Case.objects.get().instances.all()) == [instance]
    patient = Patient.objects.get()
    assert (patient.name, patient.sex, str(patient.birth_date)) == (
        "Wang^XiaoDong=王^小东",
        "F",
        "1970-01-02",
    )
    assert {"小东", "wangxiaodong", "王小东", "wang", "wxd"} <= set(patient.name_search.split())
    study = Study.objects.get()
    assert str(study.study_date) == "2026-03-01"
    assert study.study_time.isoformat() == "10:11:12.500000"
    assert (instance.rows, instance.columns, instance.number_of_frames) == (4, 6, 1)
    assert (instance.row_spacing_mm, instance.column_spacing_mm) == (0.2, 0.1)
    for sha256 in (instance.stored_sha256, instance.rendition_sha256, instance.thumbnail_sha256):
        blobs.verify(sha256)
    event = AuditEvent.objects.get()
    assert (event.actor, event.action, event.target_id) == (
        user,
        "instance.stored",
        str(instance.pk),
    )


def test_the_same_file_twice_is_stored_once(project, tmp_path, settings):
    path = write_dicom(tmp_path / "a.dcm")
    first = ingest(path, project)
    before = stored_files(settings)
    second = ingest(path, project)
    assert (first.result, second.result) == ("stored", "duplicate")
    assert first.case_id == second.case_id
    assert Instance.objects.count() == CaseInstance.objects.count() == 1
    assert stored_files(settings) == before
    assert AuditEvent.objects.count() == 1


def test_same_uid_with_other_bytes_goes_to_the_inbox_and_changes_nothing(
    project, tmp_path, settings
):
    same = {"SOPInstanceUID": uid(), "StudyInstanceUID": uid(), "SeriesInstanceUID": uid()}
    ingest(write_dicom(tmp_path / "a.dcm", **same), project)
    stored = Instance.objects.values().get()
    before = stored_files(settings)

    verdict = ingest(write_dicom(tmp_path / "b.dcm", StudyDescription="OTHER", **same), project)

    assert (verdict.result, verdict.code, verdict.case_id) == ("conflict", "other_bytes", None)
    assert Instance.objects.values().get() == stored
    assert stored_files(settings) == before
    failure = IngestFailure.objects.get()
    assert (failure.code, failure.file_name, failure.sop_instance_uid) == (
        "other_bytes",
        "b.dcm",
        same["SOPInstanceUID"],
    )


@pytest.mark.parametrize(
    "other",
    [
        {"PatientID": "PID-2"},
        {"PatientName": "Roe^Richard"},
        {"PatientBirthDate": "19800102"},
        {"PatientSex": "M"},
    ],
)
def test_a_study_of_another_patient_is_a_conflict(project, tmp_path, settings, other):
    study = uid()
    ingest(write_dicom(tmp_path / "a.dcm", StudyInstanceUID=study), project)
    before = stored_files(settings)
    verdict = ingest(write_dicom(tmp_path / "b.dcm", StudyInstanceUID=study, **other), project)
    assert (verdict.result, verdict.code) == ("conflict", "other_patient")
    assert Instance.objects.count() == Patient.objects.count() == 1
    assert stored_files(settings) == before


def test_a_device_that_leaves_out_sex_and_birth_date_does_not_contradict(project, tmp_path):
    study = uid()
    ingest(write_dicom(tmp_path / "a.dcm", StudyInstanceUID=study), project)
    other = write_dicom(
        tmp_path / "b.dcm",
        StudyInstanceUID=study,
        PatientSex="",
        PatientBirthDate="",
        PatientName="DOE^JANE",
    )
    assert ingest(other, project).result == "stored"
    assert Patient.objects.count() == Study.objects.count() == Case.objects.count() == 1
    assert CaseInstance.objects.count() == 2


def test_a_series_of_another_study_is_a_conflict(project, tmp_path):
    series = uid()
    ingest(write_dicom(tmp_path / "a.dcm", SeriesInstanceUID=series), project)
    verdict = ingest(write_dicom(tmp_path / "b.dcm", SeriesInstanceUID=series), project)
    assert (verdict.result, verdict.code) == ("conflict", "other_study")
    assert Series.objects.count() == Study.objects.count() == 1


def test_two_people_with_one_patient_id_keep_their_names(project, tmp_path):
    ingest(write_dicom(tmp_path / "a.dcm", PatientName="Doe^Jane"), project)
    ingest(write_dicom(tmp_path / "b.dcm", PatientName="Roe^Richard"), project)
    assert set(Patient.objects.values_list("name", "patient_id")) == {
        ("Doe^Jane", "PID-1"),
        ("Roe^Richard", "PID-1"),
    }


def test_files_without_a_patient_id_are_not_one_patient(project, tmp_path):
    for name in ("a", "b"):
        ingest(write_dicom(tmp_path / f"{name}.dcm", PatientID="", PatientName=""), project)
    assert Patient.objects.count() == Study.objects.count() == 2


def test_an_upload_into_another_project_opens_only_its_own_instances(project, tmp_path):
    study = uid()
    secret = write_dicom(tmp_path / "a.dcm", StudyInstanceUID=study)
    ingest(secret, project)
    other_project = ProjectFactory()
    guess = write_dicom(tmp_path / "b.dcm", StudyInstanceUID=study)
    assert ingest(guess, other_project).result == "stored"
    own, foreign = Case.objects.get(project=project), Case.objects.get(project=other_project)
    assert own.instances.count() == foreign.instances.count() == 1
    assert own.instances.get() != foreign.instances.get()
    assert ingest(secret, other_project).result == "stored"
    assert (own.instances.count(), foreign.instances.count()) == (1, 2)


def test_a_refused_file_stores_nothing_and_is_counted_in_the_inbox(project, tmp_path, settings):
    path = tmp_path / "notes.txt"
    path.write_bytes(b"no DICOM at all")
    verdicts = [ingest(path, project) for _ in range(3)]
    assert {(verdict.result, verdict.code) for verdict in verdicts} == {("refused", "not_dicom")}
    assert not Instance.objects.exists()
    assert not Patient.objects.exists()
    assert stored_files(settings) == set()
    failure = IngestFailure.objects.get()
    assert (failure.seen_count, failure.size_bytes, failure.file_name) == (3, 15, "notes.txt")


def test_a_resolved_failure_opens_again_when_the_file_comes_again(project, tmp_path):
    admin = UserFactory()
    path = tmp_path / "notes.txt"
    path.write_bytes(b"no DICOM at all")
    ingest(path, project)
    failure = IngestFailure.objects.get()
    ingest_failure_resolve(failure.pk, project=project, actor=admin, resolution="deleted")
    ingest_failure_resolve(failure.pk, project=project, actor=admin, resolution="again")
    failure.refresh_from_db()
    assert failure.resolution == "deleted"
    assert AuditEvent.objects.filter(action="file.resolved").count() == 1
    ingest(path, project)
    failure.refresh_from_db()
    assert failure.resolved_at is None
    with pytest.raises(NotFound):
        ingest_failure_resolve(
            failure.pk, project=ProjectFactory(), actor=admin, resolution="foreign"
        )


def test_nothing_is_stored_when_the_disk_is_nearly_full(project, tmp_path, settings):
    settings.MINIMUM_FREE_FRACTION = 1.0
    with pytest.raises(StorageFull):
        ingest(write_dicom(tmp_path / "a.dcm"), project)
    assert not Instance.objects.exists()
    assert not IngestFailure.objects.exists()
    assert stored_files(settings) == set()


def test_listeners_hear_of_new_instances_inside_the_transaction(project, tmp_path):
    heard = []

    def listen(*, case_id, **others):
        heard.append(
            (case_id, connection.in_atomic_block, Case.objects.filter(pk=case_id).exists())
        )

    case_extended.connect(listen, dispatch_uid="test")
    try:
        path = write_dicom(tmp_path / "a.dcm")
        case_id = ingest(path, project).case_id
        ingest(path, project)
    finally:
        case_extended.disconnect(dispatch_uid="test")
    assert heard == [(case_id, True, True)]


def test_a_listener_that_fails_leaves_no_row(project, tmp_path):
    def fail(**others):
        raise RuntimeError("no prediction could be requested")

    case_extended.connect(fail, dispatch_uid="test")
    try:
        with pytest.raises(RuntimeError):
            ingest(write_dicom(tmp_path / "a.dcm"), project)
    finally:
        case_extended.disconnect(dispatch_uid="test")
    assert not Instance.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_file_from_many_clients_at_once_is_stored_once(tmp_path):
    project = ProjectFactory()
    study = uid()
    paths = [write_dicom(tmp_path / f"{n}.dcm", StudyInstanceUID=study) for n in range(2)]
    verdicts, start = [], threading.Barrier(8)

    def upload(path):
        try:
            start.wait(timeout=30)
            verdicts.append(ingest(path, project).result)
        finally:
            connection.close()

    threads = [threading.Thread(target=upload, args=(paths[n % 2],)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(verdicts) == ["duplicate"] * 6 + ["stored"] * 2
    assert Instance.objects.count() == CaseInstance.objects.count() == 2
    assert Patient.objects.count() == Study.objects.count() == Case.objects.count() == 1
    assert AuditEvent.objects.filter(action="instance.stored").count() == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20260301", "2026-03-01"),
        ("2026.03.01", "2026-03-01"),
        ("20260231", None),
        ("", None),
        ("last week", None),
    ],
)
def test_dates_are_read_or_left_out(text, expected):
    assert (dicom_date(text).isoformat() if expected else dicom_date(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("101112.5", "10:11:12.500000"),
        ("10:11:12", "10:11:12"),
        ("1011", "10:11:00"),
        ("10", "10:00:00"),
        ("235960", "23:59:59"),  # a leap second
        ("2560", None),
        ("", None),
    ],
)
def test_times_are_read_or_left_out(text, expected):
    assert (dicom_time(text).isoformat() if expected else dicom_time(text)) == expected
