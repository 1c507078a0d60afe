"""`import_dicom` and `import_images`: the path of an upload, repeatable, names kept quiet."""

import csv
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from apps.cases.models import Case, IngestFailure, Instance, Patient, Study
from tests.dicom_files import write_dicom
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


def run(*args: object, **options: object) -> str:
    out = StringIO()
    call_command(*map(str, args), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def project():
    return ProjectFactory(code="chest")


@pytest.fixture
def dicom_folder(tmp_path):
    folder = tmp_path / "Doe Jane"
    (folder / "deep").mkdir(parents=True)
    write_dicom(folder / "Doe-1.dcm")
    write_dicom(folder / "deep" / "Doe-2.dcm")
    (folder / "Doe-notes.txt").write_text("no DICOM")
    (folder / ".hidden").write_text("left out")
    (folder / "link.dcm").symlink_to(folder / "Doe-1.dcm")
    return folder


def test_a_folder_is_imported_once_and_refusals_are_counted(project, dicom_folder):
    first = run("import_dicom", dicom_folder)
    assert "chest: 2 stored, 1 refused." in first
    assert Instance.objects.count() == Case.objects.filter(project=project).count() == 2
    assert IngestFailure.objects.get().file_name == "Doe-notes.txt"
    assert "Doe" not in first  # names of files often are names of patients
    assert "chest: 2 duplicate, 1 refused." in run("import_dicom", dicom_folder)
    assert Instance.objects.count() == 2
    assert "stored" not in run("import_dicom", dicom_folder, verbosity=2)
    assert "duplicate: deep/Doe-2.dcm" in run("import_dicom", dicom_folder, verbosity=2)


def test_the_project_is_the_only_one_or_named(dicom_folder):
    with pytest.raises(CommandError, match="There are: none"):
        run("import_dicom", dicom_folder)
    only = ProjectFactory(code="brain")
    run("import_dicom", dicom_folder)
    assert Case.objects.filter(project=only).count() == 2
    named = ProjectFactory(code="knee")
    with pytest.raises(CommandError, match="brain, knee"):
        run("import_dicom", dicom_folder)
    run("import_dicom", dicom_folder, project="knee")
    assert Case.objects.filter(project=named).count() == 2


def test_a_folder_that_is_not_there_is_said_so(project, tmp_path):
    with pytest.raises(CommandError, match="is not a folder"):
        run("import_dicom", tmp_path / "nowhere")


@pytest.fixture
def pictures(tmp_path):
    """Two pictures of one study, one of another patient, one damaged; and their CSV."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        grey = np.full((20, 30), 60 * number, dtype=np.uint8)
        Image.fromarray(grey).save(folder / f"{number}.png")
    (folder / "3.png").write_bytes(b"\x89PNG damaged")
    rows = [
        ("0.png", "P1", "S1", "王^小东", "AP"),
        ("1.png", "P1", "S1", "王^小东", "LL"),
        ("2.png", "P2", "S2", "Doe^Jane", ""),
        ("3.png", "P3", "S3", "Roe^Richard", ""),
    ]
    with (tmp_path / "list.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "subject", "study", "patient_name", "view_position"])
        writer.writerows(rows)
    return folder, tmp_path / "list.csv"


def test_pictures_become_dicom_studies_without_a_length_in_mm(project, pictures):
    folder, table = pictures
    options = {"csv": table, "column": ["patient_id=subject"], "value": ["modality=DX"]}
    assert "chest: 3 stored, 1 refused." in run("import_images", folder, **options)
    assert Study.objects.count() == Case.objects.count() == 2
    patient = Patient.objects.get(patient_id="P1")
    assert (patient.name, "wxd" in patient.name_search.split()) == ("王^小东", True)
    instances = Instance.objects.filter(series__study__patient=patient)
    assert sorted(instances.values_list("view_position", flat=True)) == ["AP", "LL"]
    for instance in Instance.objects.all():
        assert (instance.rows, instance.columns) == (20, 30)
        assert instance.row_spacing_mm is None
        assert instance.spacing_kind == "none"
        assert instance.series.modality == "DX"
    assert IngestFailure.objects.get().file_name == "3.png"
    assert "chest: 3 duplicate, 1 refused." in run("import_images", folder, **options)
    assert Instance.objects.count() == 3


def test_without_other_columns_each_picture_is_a_patient(project, pictures, tmp_path):
    folder, _ = pictures
    table = tmp_path / "short.csv"
    table.write_text("file\n0.png\n1.png\n", encoding="utf-8-sig")
    run("import_images", folder, csv=table)
    assert set(Patient.objects.values_list("patient_id", flat=True)) == {"0", "1"}
    assert set(Instance.objects.values_list("series__modality", flat=True)) == {"OT"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\n0.png\n", "has no column file"),
        ("file\n../list.csv\n", "not a file in the folder"),
        ("file\n/etc/passwd\n", "not a file in the folder"),
        ("file\nmissing.png\n", "not a file in the folder"),
        ("file,patient_id\n,P1\n", "Line 2 of the CSV names no file"),
    ],
)
def test_a_wrong_csv_is_refused_with_its_reason(project, pictures, tmp_path, text, message):
    folder, _ = pictures
    table = tmp_path / "wrong.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError, match=message):
        run("import_images", folder, csv=table)
    assert not Instance.objects.exists()


def test_a_misspelt_option_is_refused(project, pictures):
    folder, table = pictures
    with pytest.raises(CommandError, match="Unknown column modalty"):
        run("import_images", folder, csv=table, value=["modalty=DX"])
