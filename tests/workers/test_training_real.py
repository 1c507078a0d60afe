"""A head-only run on real radiographs through the product's own import, workers and promotion."""

import csv
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from pytest_django import Settings

from apps import blobs
from apps.cases.models import Case, Project
from apps.inference.compute.snapshot import Snapshot, SnapshotItem
from apps.inference.models import Evaluation, Prediction, TrainingRun
from apps.inference.selectors import case_ai, champion_of
from apps.inference.services.models import model_promote, model_rollback
from apps.inference.services.predictions import case_predictions_request
from tests.workers.stored import requested_run
from tests.workers.test_end_to_end import import_pictures, project_with, work_off
from workers.trainer import work_on_a_run

pytestmark = [pytest.mark.full, pytest.mark.django_db(transaction=True)]

IMAGES = {"train": 30, "validation": 24, "test": 26}


def real_snapshot(lines: list[dict[str, str]]) -> Snapshot:
    """The imported pictures as a manifest: every case one image, its folder's label its truth."""
    parts = [part for part, count in IMAGES.items() for _ in range(count)]
    items = []
    for line, part in zip(lines, parts, strict=True):
        case = Case.objects.get(study__patient__patient_id=Path(line["file"]).stem)
        items.append(
            SnapshotItem(
                case=str(case.pk),
                rendition_sha256=case.instances.get().rendition_sha256,
                frame_number=1,
                part=part,
                labels={"pneumonia": line["label"] == "PNEUMONIA"},
                rois={},
            )
        )
    return Snapshot(("pneumonia",), tuple(items))


def test_a_head_learns_from_real_radiographs_and_is_promoted_and_rolled_back(
    shared_data: Path, tmp_path: Path, settings: Settings
) -> None:
    settings.TRAINING_THREADS = 1
    folder = shared_data / "cxr_pneumonia"
    with (folder / "labels.csv").open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    order = np.random.default_rng(3).permutation(len(lines))
    lines = [lines[index] for index in order[: sum(IMAGES.values())]]
    project = project_with(shared_data, model="cxr_pneumonia_2class", findings=["pneumonia"])
    Project.objects.update(auto_classify=False)
    parent = champion_of(project)
    assert parent is not None
    values = ["modality=DX", "body_part_examined=CHEST", "view_position=AP"]
    import_pictures(project, folder, lines, values, tmp_path)
    run = requested_run(project, real_snapshot(lines), tmp_path, anchor="champion")
    assert work_on_a_run(is_ending=lambda: False)
    run.refresh_from_db()
    assert (run.state, run.reason_code) == (TrainingRun.State.EVALUATED, "")
    files = []
    for version in (parent, run.candidate):
        with blobs.local_file(version.weights_sha256) as path:
            files.append(safetensors.torch.load_file(path))
    different = {name for name in files[0] if not torch.equal(files[0][name], files[1][name])}
    assert different == {"classifier.1.weight", "classifier.1.bias"}
    for row in Evaluation.objects.filter(run=run):
        assert row.metrics["pneumonia"]["auroc"] > 0.9
        assert row.metrics["pneumonia"]["n"] == IMAGES["test"]
    assert run.curves[-1]["train_loss"] < run.curves[0]["train_loss"]

    case = Case.objects.order_by("pk")[0]

    def model_that_answers() -> str:
        case_predictions_request([case.pk], lane=Prediction.Lane.INTERACTIVE)
        work_off()
        return str(case_ai(case)["model"]["version"])

    assert model_that_answers() == parent.version
    model_promote(run.candidate, project=project, actor=None)
    assert model_that_answers() == f"{parent.version}-r{run.number}"
    answered = Prediction.objects.filter(model_version=run.candidate, state=Prediction.State.DONE)
    assert answered.count() == 1
    model_rollback(project, actor=None)
    assert model_that_answers() == parent.version
