"""A served project whose model and images are really stored: small network, small DICOM files."""

import uuid
from pathlib import Path
from typing import Any

import numpy as np

from apps import blobs
from apps.cases.models import Case, Project
from apps.inference.compute.folder import read_model_folder
from apps.inference.compute.networks import build_network
from apps.inference.compute.snapshot import Snapshot, SnapshotItem
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import ModelVersion, Prediction, TrainingRun
from apps.inference.selectors import champion_of
from apps.inference.services.models import HeadProbe, model_import, model_promote
from apps.inference.services.predictions import case_predictions_request
from apps.inference.services.runs import training_run_request
from tests.dicom import instance, write
from tests.factories import (
    CaseFactory,
    CaseInstanceFactory,
    FindingFactory,
    InstanceFactory,
    ProjectFactory,
)
from tests.inference.model_specs import random_network, spec_json, write_folder
from tests.inference.snapshots import write_snapshot

# A network of timm's own tests: half a million weights, global pooling and one linear layer.
SMALL_MODEL = {
    "architecture": "test_resnet",
    "applicability": {"modality": ["DX"], "body_part": [], "view": [], "pixel_spacing_mm": None},
    "evidence_scale": {},
}


def stored_model(folder: Path, *, name: str = "lung", seed: int = 0) -> ModelVersion:
    """Import a small random model that speaks of `nodule`."""
    changes = {**SMALL_MODEL, "name": name}
    spec = ModelSpec.from_json(spec_json(**changes))
    build_network(spec)
    write_folder(folder, tensors=random_network(spec, seed=seed).state_dict(), **changes)
    probe = HeadProbe(has_class_maps=True, error=0.0)
    return model_import(read_model_folder(folder), probe=probe, actor=None).version


def served_project(folder: Path) -> Project:
    """A project with the finding `nodule`, served by a small stored model."""
    project = ProjectFactory()
    FindingFactory(project=project, code="nodule")
    model_promote(stored_model(folder), project=project, actor=None)
    return project


def stored_case(
    project: Project, folder: Path, *, images: int = 1, lane: Prediction.Lane = Prediction.Lane.BULK
) -> Case:
    """A case of 16 x 16 images, each another, asked about in a lane."""
    case = CaseFactory(project=project, instance=False)
    folder.mkdir(parents=True, exist_ok=True)
    series = None
    for number in range(images):
        # the Case's primary key makes the pixels of each case others
        pixels = np.random.default_rng([case.pk.int % 2**32, number]).integers(0, 256, (16, 16))
        path = write(folder / f"{case.pk}-{number}.dcm", instance(pixels.astype(np.uint8)))
        sha256 = blobs.put_file(path)
        more = {"series": series} if series else {"series__study": case.study}
        row = InstanceFactory(
            rendition_sha256=sha256, rows=16, columns=16, instance_number=number + 1, **more
        )
        series = row.series
        CaseInstanceFactory(case=case, instance=row)
    case_predictions_request([case.pk], lane=lane)
    return case


def stored_snapshot(folder: Path, **parts: int) -> Snapshot:
    """So many cases of each part, the same files each time; a nodule is a bright square.

    Every other case has a nodule, every third one is faint, every tenth case has two images.
    """
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for number, part in enumerate(part for part, count in parts.items() for _ in range(count)):
        rng = np.random.default_rng([7, number])
        present = number % 2 == 0
        for image in range(2 if number % 10 == 0 else 1):
            pixels = rng.integers(60, 120, (16, 16))
            if present:
                pixels[4:10, 3:9] += 20 if number % 3 == 0 else 90
            uid = f"2.25.{1000 + 2 * number + image}"
            path = folder / f"{number}-{image}.dcm"
            write(path, instance(pixels.astype(np.uint8), SOPInstanceUID=uid))
            rois = {"nodule": [[[3.0, 4.0], [9.0, 4.0], [9.0, 10.0], [3.0, 10.0]]]}
            items.append(
                SnapshotItem(
                    case=str(uuid.UUID(int=number)),
                    rendition_sha256=blobs.put_file(path),
                    frame_number=1,
                    part=part,
                    labels={"nodule": present},
                    rois=rois if present else {},
                )
            )
    return Snapshot(("nodule",), tuple(items))


def stored_manifest(snapshot: Snapshot, folder: Path) -> str:
    """Store a manifest as the learning side does; give its hash."""
    path = folder / "manifest.json"
    path.write_bytes(write_snapshot(snapshot))
    return blobs.put_file(path)


def requested_run(
    project: Project, snapshot: Snapshot, folder: Path, *, seed: int = 1, **config: Any
) -> TrainingRun:
    """A run from the project's champion on a stored snapshot."""
    parent = champion_of(project)
    assert parent is not None
    return training_run_request(
        project,
        snapshot_id=uuid.UUID(int=5),
        manifest_sha256=stored_manifest(snapshot, folder),
        parent=parent,
        config=config,
        seed=seed,
        actor=None,
    )
