"""Asking for a run over HTTP: of the champion, on a snapshot of the project, or not at all."""

import uuid

import pytest

from apps.inference.models import Deployment, TrainingRun
from tests import factories as make
from tests.feedback.conftest import Room


def ask(client, room: Room, snapshot, **body):
    return client.post(
        f"/api/projects/{room.project.pk}/runs",
        {"snapshot_id": str(getattr(snapshot, "pk", snapshot)), **body},
        content_type="application/json",
    )


def counts(positive, negative):
    parts = {part: {"positive": 1, "negative": 1} for part in ("train", "validation", "test")}
    return {"pneumonia": parts | {"train": {"positive": positive, "negative": negative}}}


def snapshot_of(room: Room, positive=2, negative=3):
    return make.SnapshotFactory(project=room.project, counts=counts(positive, negative))


def test_a_run_continues_the_champion_on_the_snapshot(room: Room):
    snapshot, other = snapshot_of(room), snapshot_of(room)
    config = {"mode": "full", "epochs": 3, "learning_rate": 0.0002}
    answer = ask(room.admin_client, room, snapshot, config=config, seed=7).json()
    run = TrainingRun.objects.get()
    assert answer["id"] == str(run.pk)
    assert (run.snapshot_id, run.manifest_sha256) == (snapshot.pk, snapshot.manifest_sha256)
    assert run.parent == room.answer.model_version
    assert (run.seed, run.config["mode"], run.config["epochs"]) == (7, "full", 3)
    assert run.config["learning_rate"] == 0.0002
    again = ask(room.admin_client, room, snapshot, config=config, seed=7).json()
    assert again["id"] == answer["id"]
    assert ask(room.admin_client, room, other, config=config, seed=7).json()["id"] != answer["id"]
    rows = room.admin_client.get(f"/api/projects/{room.project.pk}/runs").json()["rows"]
    assert {row["snapshot_id"] for row in rows} == {str(snapshot.pk), str(other.pk)}


@pytest.mark.parametrize(
    ("positive", "negative", "code", "findings"),
    [
        (0, 0, "no_training_labels", []),
        (3, 0, "one_class_only", ["pneumonia"]),
        (0, 3, "one_class_only", ["pneumonia"]),
    ],
)
def test_labels_that_cannot_teach_are_refused_with_the_reason(
    room: Room, positive, negative, code, findings
):
    snapshot = snapshot_of(room, positive, negative)
    refused = ask(room.admin_client, room, snapshot)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert refused.json()["params"] == {"findings": findings}
    shown = room.admin_client.get(f"/api/snapshots/{snapshot.pk}").json()
    assert (shown["blocker"], shown["blocker_findings"]) == (code, findings)
    assert not TrainingRun.objects.exists()


@pytest.mark.django_db
def test_without_a_champion_nothing_is_trained(as_role):
    project = make.ProjectFactory()
    snapshot = make.SnapshotFactory(project=project, counts=counts(1, 1))
    client = as_role("admin", project)
    refused = client.post(
        f"/api/projects/{project.pk}/runs",
        {"snapshot_id": str(snapshot.pk)},
        content_type="application/json",
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "no_champion")
    assert not Deployment.objects.filter(project=project).exists()


def test_snapshot_of_another_project_is_unknown(room: Room):
    foreign = make.SnapshotFactory(counts=counts(1, 1))
    for snapshot in (foreign, uuid.uuid4()):
        assert ask(room.admin_client, room, snapshot).status_code == 404
    assert ask(room.lin_client, room, snapshot_of(room)).status_code == 404
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"config": {"epochs": 0}},
        {"config": {"mode": "everything"}},
        {"config": {"learning_rate": 5}},
        {"seed": -1},
        {"seed": "one"},
    ],
)
def test_settings_out_of_range_are_refused_by_name(room: Room, body):
    refused = ask(room.admin_client, room, snapshot_of(room), **body)
    assert refused.status_code == 400
    assert refused.json()["fields"]
    assert not TrainingRun.objects.exists()
