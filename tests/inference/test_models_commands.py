"""Bringing models in and deciding what serves, by command and HTTP; refusals change nothing."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse

from apps import blobs
from apps.cases.models import AuditEvent, Project
from apps.errors import Conflict
from apps.inference.compute.folder import file_sha256
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import Calibration, Deployment, ModelVersion
from apps.inference.selectors import champion_of, rollback_target
from apps.inference.services import models as services
from tests.factories import DeploymentFactory, FindingFactory, ProjectFactory
from tests.inference.model_specs import random_network, spec_json, write_folder
from tests.workers.stored import SMALL_MODEL, stored_model

pytestmark = pytest.mark.django_db
AsRole = Callable[[str, Project], Client]


def run(*arguments: object) -> str:
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out)
    return out.getvalue()


def small_folder(folder: Path, **changes: object) -> Path:
    """A good model folder."""
    described = {**SMALL_MODEL, **changes}
    network = random_network(ModelSpec.from_json(spec_json(**described)))
    write_folder(folder, tensors=network.state_dict(), **described)
    return folder


@pytest.fixture
def served(tmp_path: Path) -> Project:
    """A project with the finding `nodule`, served by a stored model."""
    project = ProjectFactory(code="chest")
    FindingFactory(project=project, code="nodule")
    version = stored_model(tmp_path / "champion", name="champion")
    services.model_promote(version, project=project, actor=None)
    return project


def test_a_folder_is_probed_imported_once_and_listed(tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "lung")
    first, second = run("import_model", folder), run("import_model", folder)
    assert "lung 1.0.0: imported, class maps (probe error" in first
    assert "was imported before" in second
    version = ModelVersion.objects.get()
    assert version.has_class_maps
    assert version.probe_error < 1e-4
    assert version.weights_sha256 == file_sha256(folder / "lung.safetensors")
    blobs.verify(version.weights_sha256)
    assert AuditEvent.objects.filter(action="model.imported").count() == 1
    listed = run("list_models")
    assert f"lung:1.0.0  {version.model_sha256[:12]}  class maps" in listed
    assert "serves nothing" in listed


def test_a_network_without_a_linear_head_is_imported_without_maps(tmp_path: Path) -> None:
    preprocess = spec_json()["preprocess"] | {"size": [160, 160]}
    small_folder(tmp_path / "vit", architecture="test_vit", preprocess=preprocess)
    assert "no class maps" in run("import_model", tmp_path / "vit")
    version = ModelVersion.objects.get()
    assert (version.has_class_maps, version.probe_error) == (False, None)


def test_a_bare_weights_file_is_imported_with_its_spec(tmp_path: Path) -> None:
    folder = small_folder(tmp_path / "lung")
    spec = (folder / "spec.json").rename(tmp_path / "elsewhere.json")
    run("import_model", folder / "lung.safetensors", "--spec", spec)
    assert ModelVersion.objects.get().name == "lung"


def break_hash(folder: Path) -> None:
    spec = json.loads((folder / "spec.json").read_text())
    spec["weights"]["sha256"] = "0" * 64
    (folder / "spec.json").write_text(json.dumps(spec))


def break_bytes(folder: Path) -> None:
    weights = folder / "lung.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def break_class_count(folder: Path) -> None:
    spec = json.loads((folder / "spec.json").read_text())
    spec["outputs"].append({"code": "THIRD", "finding": None})
    spec["exclusive_groups"] = [[0, 1, 2]]
    (folder / "spec.json").write_text(json.dumps(spec))


def break_shape(folder: Path) -> None:
    tensors = random_network(ModelSpec.from_json(spec_json(**SMALL_MODEL))).state_dict()
    name = next(key for key, value in tensors.items() if value.ndim == 4)
    tensors[name] = torch.zeros(1, 2, 3, 4)
    write_folder(folder, tensors=tensors, **SMALL_MODEL)


def break_into_pickle(folder: Path) -> None:
    weights = folder / "lung.safetensors"
    torch.save({"weight": torch.zeros(2)}, weights)
    spec = json.loads((folder / "spec.json").read_text())
    spec["weights"]["sha256"] = file_sha256(weights)
    (folder / "spec.json").write_text(json.dumps(spec))


def break_json(folder: Path) -> None:
    (folder / "spec.json").write_text('{"name": "lung"')


@pytest.mark.parametrize(
    "break_folder",
    [break_hash, break_bytes, break_class_count, break_shape, break_into_pickle, break_json],
)
def test_a_bad_folder_is_refused_and_the_champion_stays(
    served: Project, tmp_path: Path, break_folder: Callable[[Path], None]
) -> None:
    champion = champion_of(served)
    folder = small_folder(tmp_path / "lung")
    break_folder(folder)
    with pytest.raises(CommandError, match=r"^[a-z_]+: \S"):
        run("import_model", folder)
    assert list(ModelVersion.objects.all()) == [champion]
    assert champion_of(served) == champion


def test_the_same_name_and_version_with_other_weights_is_refused(tmp_path: Path) -> None:
    stored_model(tmp_path / "first", seed=0)
    with pytest.raises(Conflict, match="another version"):
        stored_model(tmp_path / "second", seed=1)
    assert ModelVersion.objects.count() == 1


def test_promotion_and_rollback_append_to_the_log(served: Project, tmp_path: Path) -> None:
    first = champion_of(served)
    second = stored_model(tmp_path / "second", name="second")
    third = stored_model(tmp_path / "third", name="third")
    assert "second 1.0.0 now serves chest" in run("promote", "second")
    run("promote", "third:1.0.0", "--project", "chest", "--reason", "better")
    assert champion_of(served) == third
    run("rollback")
    assert champion_of(served) == second
    run("rollback", "--reason", "worse")
    assert champion_of(served) == first
    with pytest.raises(CommandError, match="nothing_to_roll_back"):
        run("rollback")
    log = Deployment.objects.filter(project=served).order_by("sequence")
    assert [(row.sequence, row.kind, row.model_version.name) for row in log] == [
        (1, "promote", "champion"),
        (2, "promote", "second"),
        (3, "promote", "third"),
        (4, "rollback", "second"),
        (5, "rollback", "champion"),
    ]
    assert AuditEvent.objects.filter(action__in=["model.promote", "model.rollback"]).count() == 5
    assert "serves chest" in run("list_models").splitlines()[0]


def test_a_promotion_after_rollbacks_can_be_rolled_back(served: Project, tmp_path: Path) -> None:
    first = champion_of(served)
    run("promote", stored_model(tmp_path / "second", name="second").name)
    run("rollback")
    run("promote", stored_model(tmp_path / "third", name="third").name)
    assert rollback_target(served) == first


def test_a_model_that_speaks_of_no_finding_of_the_project_is_refused(
    served: Project, tmp_path: Path
) -> None:
    champion = champion_of(served)
    run(
        "import_model",
        small_folder(
            tmp_path / "heart",
            name="heart",
            outputs=[{"code": "NORMAL", "finding": None}, {"code": "BIG", "finding": "big_heart"}],
            thresholds={"big_heart": 0.5},
        ),
    )
    with pytest.raises(CommandError, match="no_common_finding"):
        run("promote", "heart")
    assert champion_of(served) == champion


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_model_whose_stored_weights_are_damaged_is_not_promoted(
    served: Project, tmp_path: Path, damage: str
) -> None:
    champion = champion_of(served)
    version = stored_model(tmp_path / "second", name="second")
    with blobs.local_file(version.weights_sha256) as path:
        path.unlink() if damage == "missing" else path.write_bytes(b"other bytes")
    with pytest.raises(CommandError, match="weights_unusable"):
        run("promote", "second")
    assert champion_of(served) == champion
    assert Deployment.objects.count() == 1


def test_of_two_promotions_on_the_same_log_one_is_refused(
    served: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = stored_model(tmp_path / "second", name="second")
    third = stored_model(tmp_path / "third", name="third")
    seen = services._last_sequence(served)
    monkeypatch.setattr(services, "_last_sequence", lambda _: seen)
    services.model_promote(second, project=served, actor=None)
    with pytest.raises(Conflict, match="Somebody else") as refused:
        services.model_promote(third, project=served, actor=None)
    assert refused.value.code == "deployment_conflict"
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert champion_of(served) == second
    assert AuditEvent.objects.filter(action="model.promote").count() == 2


def test_a_project_must_be_named_where_there_are_two(served: Project) -> None:
    ProjectFactory(code="brain")
    with pytest.raises(CommandError, match="brain, chest"):
        run("promote", "champion")


def test_a_model_that_is_not_there_is_named(served: Project) -> None:
    with pytest.raises(CommandError, match="No model nothing"):
        run("promote", "nothing")


def test_an_admin_promotes_and_rolls_back_over_http(
    served: Project, as_role: AsRole, tmp_path: Path
) -> None:
    version = stored_model(tmp_path / "second", name="second")
    other = DeploymentFactory()
    admin = as_role("admin", served)
    url = reverse("model-promote", kwargs={"project_id": served.pk, "model_id": version.pk})
    refused = as_role("radiologist", served).post(url, content_type="application/json")
    assert refused.status_code == 404
    answer = admin.post(url, {"reason": "gate passed"}, content_type="application/json").json()
    assert answer["champion"] == str(version.pk)
    assert answer["deployments"][0] | {"created_at": None} == {
        "sequence": 2,
        "kind": "promote",
        "model": {"name": "second", "version": "1.0.0", "hash": version.model_sha256},
        "actor": answer["deployments"][0]["actor"],
        "reason": "gate passed",
        "created_at": None,
    }
    named = {row["name"]: row["findings"] for row in answer["versions"]}
    assert named["second"] == ["nodule"]
    assert named[other.model_version.name] == []
    again = admin.post(url, {"reason": ""}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "already_champion")
    back = reverse("model-rollback", kwargs={"project_id": served.pk})
    answer = admin.post(back, {"reason": "worse"}, content_type="application/json").json()
    assert answer["deployments"][0]["kind"] == "rollback"
    assert champion_of(other.project) == other.model_version


def test_the_models_page_takes_the_same_few_queries_however_many_there_are(
    served: Project,
    as_role: AsRole,
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    for sequence in range(2, 8):
        DeploymentFactory(project=served, sequence=sequence)
    admin = as_role("admin", served)
    url = reverse("models", kwargs={"project_id": served.pk})
    with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
        body = admin.get(url).json()
    assert len(body["versions"]) == 7
    assert len(body["deployments"]) == 7


def write_pictures(folder: Path, count: int) -> Path:
    """Pictures, half of them bright, and a CSV that calls the bright ones NODULE."""
    random = np.random.default_rng(3)
    lines = ["file,label,split"]
    for number in range(count):
        is_bright = number % 2
        grey = random.integers(0, 120, (20, 20)) + 120 * is_bright
        cv2.imwrite(str(folder / f"{number}.png"), grey.astype(np.uint8))
        # a few labels are wrong, else the likelihood has no maximum
        label = is_bright ^ (number % 7 == 0)
        split = "validation" if number < count - 2 else "test"
        lines.append(f"{number}.png,{'NODULE' if label else 'NORMAL'},{split}")
    csv = folder / "labels.csv"
    csv.write_text("\n".join(lines))
    return csv


def test_calibration_adds_a_row_that_names_its_set(tmp_path: Path) -> None:
    version = stored_model(tmp_path / "lung")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    csv = write_pictures(pictures, 30)
    said = run("calibrate", "lung", csv, "--split", "validation")
    calibration = Calibration.objects.get()
    assert calibration.model_version == version
    assert calibration.sample_count == 28
    assert calibration.source_name == "pictures/labels.csv (validation)"
    assert calibration.source_sha256 == file_sha256(csv)
    assert set(calibration.evidence_scale) == {"NORMAL", "NODULE"}
    assert min(calibration.evidence_scale.values()) > 0
    figures = calibration.metrics["calibrated"]["nodule"]
    assert figures["positive"] + figures["negative"] == 28
    assert f"temperature {calibration.temperature:.3f} from 28 files" in said
    assert AuditEvent.objects.filter(action="model.calibrated").count() == 1
    assert "calibrated on pictures/labels.csv (validation)" in run("list_models")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("missing.png,NODULE", "line 2: the file is missing"),
        ("0.png,TUMOUR", "line 2: label 'tumour' is unknown"),
    ],
)
def test_a_validation_set_with_a_mistake_is_refused_by_line(
    tmp_path: Path, line: str, message: str
) -> None:
    stored_model(tmp_path / "lung")
    write_pictures(tmp_path, 2)
    csv = tmp_path / "wrong.csv"
    csv.write_text(f"file,label\n{line}\n")
    with pytest.raises(CommandError, match=message):
        run("calibrate", "lung", csv)
    assert not Calibration.objects.exists()
