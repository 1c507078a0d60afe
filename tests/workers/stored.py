"""A served project whose model and images are really stored: small network, small DICOM files."""

from pathlib import Path

import numpy as np

from apps import blobs
from apps.cases.models import Case, Project
from apps.inference.compute.folder import read_model_folder
from apps.inference.compute.networks import build_network
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import ModelVersion, Prediction
from apps.inference.services.models import HeadProbe, model_import, model_promote
from apps.inference.services.predictions import case_predictions_request
from tests.dicom import instance, write
from tests.factories import (
    CaseFactory,
    CaseInstanceFactory,
    FindingFactory,
    InstanceFactory,
    ProjectFactory,
)
from tests.inference.model_specs import random_network, spec_json, write_folder

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
