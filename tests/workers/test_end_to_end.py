"""The promised accuracy, through the product's own import, preprocessing and workers."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pydicom
import pytest
from django.core.management import call_command

from apps.cases.models import Project
from apps.inference.compute.metrics import auroc, macro_auroc
from apps.inference.models import CasePrediction, Prediction
from apps.queue import JOBS
from tests.factories import FindingFactory, ProjectFactory
from workers.batching import predictor
from workers.celery import app

pytestmark = [pytest.mark.full, pytest.mark.django_db(transaction=True)]


def project_with(shared_data: Path, *, model: str, findings: list[str]) -> Project:
    """A project served by one of the shared models."""
    project = ProjectFactory()
    for code in findings:
        FindingFactory(project=project, code=code)
    call_command("import_model", str(shared_data / "weights" / f"{model}.safetensors"))
    call_command("promote", model, project=project.code)
    return project


def lines_of(path: Path, *, split: str = "") -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return [line for line in csv.DictReader(stream) if not split or line["split"] == split]


def import_pictures(
    project: Project, folder: Path, lines: list[dict[str, str]], values: list[str], tmp_path: Path
) -> None:
    """Take in the named pictures by the product's own command."""
    chosen = tmp_path / "chosen.csv"
    with chosen.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, ["file"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    options = [option for value in values for option in ("--value", value)]
    arguments = [str(folder), "--csv", str(chosen), "--project", project.code, *options]
    call_command("import_images", *arguments)


def work_off() -> None:
    """Run the worker's job as Celery would, until nothing waits."""
    predictor.cache_clear()
    app.loader.import_default_modules()
    while Prediction.objects.filter(state=Prediction.State.QUEUED).exists():
        app.tasks[JOBS.PREDICT_BULK.name]()
    assert not Prediction.objects.exclude(state=Prediction.State.DONE).exists()


def test_chest_radiographs(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "cxr_pneumonia"
    lines = lines_of(folder / "labels.csv", split="test")
    project = project_with(shared_data, model="cxr_pneumonia_2class", findings=["pneumonia"])
    values = ["modality=DX", "body_part_examined=CHEST", "view_position=AP"]
    import_pictures(project, folder, lines, values, tmp_path)
    work_off()
    labels = {Path(line["file"]).stem: line["label"] == "PNEUMONIA" for line in lines}
    rows = CasePrediction.objects.values_list("case__study__patient__patient_id", "probabilities")
    scores = {patient_id: said["pneumonia"] for patient_id, said in rows}
    assert set(scores) == set(labels)
    order = sorted(scores)
    area = auroc(np.array([scores[k] for k in order]), np.array([labels[k] for k in order]))
    assert area.positive_count + area.negative_count == 300
    assert area.value >= 0.99


def test_brain_slices(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "brain_mri"
    lines = lines_of(folder / "labels_boxes.csv", split="test")
    classes = ["glioma", "meningioma", "pituitary"]
    project = project_with(shared_data, model="brain_mri_3class", findings=classes)
    values = ["modality=MR", "body_part_examined=BRAIN"]
    import_pictures(project, folder, lines, values, tmp_path)
    work_off()
    labels = {Path(line["file"]).stem: classes.index(line["label"]) for line in lines}
    rows = CasePrediction.objects.values_list("case__study__patient__patient_id", "probabilities")
    scores = {patient_id: [said[name] for name in classes] for patient_id, said in rows}
    assert set(scores) == set(labels)
    order = sorted(scores)
    area = macro_auroc(np.array([scores[k] for k in order]), np.array([labels[k] for k in order]))
    assert len(order) == 150
    assert area >= 0.975


def test_the_encodings_of_one_image_agree(shared_data: Path) -> None:
    folder = shared_data / "dicom_cxr"
    project = project_with(shared_data, model="cxr_pneumonia_2class", findings=["pneumonia"])
    call_command("import_dicom", str(folder), "--project", project.code)
    work_off()
    said = dict(Prediction.objects.values_list("instance__sop_instance_uid", "probabilities"))
    by_image: dict[str, list[float]] = defaultdict(list)
    for line in lines_of(folder / "labels.csv"):
        header = pydicom.dcmread(folder / line["file"], stop_before_pixels=True)
        by_image[line["source_image"]].append(said[header.SOPInstanceUID][1])
    encoded = [scores for scores in by_image.values() if len(scores) == 9]
    assert len(encoded) == 6
    assert max(max(scores) - min(scores) for scores in encoded) <= 0.005
