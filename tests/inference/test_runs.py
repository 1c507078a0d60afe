"""Training runs as the admin meets them: asking, cancelling, resuming, and what the pages say."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from apps.base import AppendOnlyError
from apps.cases.models import AuditEvent, Project
from apps.errors import Conflict, Invalid
from apps.inference.compute.run_config import RunConfig, RunConfigError
from apps.inference.compute.spec import ModelSpec
from apps.inference.models import Deployment, Evaluation, TrainingRun
from apps.inference.services.runs import (
    training_run_cancel,
    training_run_request,
    training_run_resume,
)
from apps.inference.states import RUN_TRANSITIONS, WORKED_ON, states_before
from tests.factories import (
    DeploymentFactory,
    EvaluationFactory,
    ModelVersionFactory,
    ProjectFactory,
    TrainingRunFactory,
    UserFactory,
    sha256,
)
from tests.inference.model_specs import sigmoid_spec, spec_json

pytestmark = pytest.mark.django_db
AsRole = Callable[[str, Project], Client]
State = TrainingRun.State


def request(project: Project, **changes: Any) -> TrainingRun:
    asked: dict[str, Any] = {
        "snapshot_id": uuid.UUID(int=1),
        "manifest_sha256": sha256("manifest"),
        "config": {},
        "seed": 7,
        "actor": None,
        **changes,
    }
    if "parent" not in asked:
        asked["parent"] = Deployment.objects.get(project=project).model_version
    return training_run_request(project, **asked)


@pytest.fixture
def project() -> Project:
    return DeploymentFactory().project


def test_a_run_is_queued_with_its_complete_configuration(project: Project) -> None:
    user = UserFactory()
    run = request(project, actor=user, config={"epochs": 12})
    stored = TrainingRun.objects.get()
    assert (stored, stored.state, stored.number) == (run, State.QUEUED, 1)
    assert stored.config == {**RunConfig().to_json(), "epochs": 12}
    assert stored.woken_at is not None
    event = AuditEvent.objects.get(action="run.requested")
    assert (event.actor, event.target_id, event.project) == (user, str(run.pk), project)


def test_the_same_request_gives_the_same_run_and_another_one_another(project: Project) -> None:
    first = request(project)
    # the default, written out, is the same request; what the snapshot is called does not matter
    assert request(project, config={"mode": "head"}, snapshot_id=uuid.uuid4()) == first
    others = [
        request(project, seed=8),
        request(project, config={"ridge": 0.5}),
        request(project, manifest_sha256=sha256("other")),
    ]
    assert [run.number for run in others] == [2, 3, 4]
    assert AuditEvent.objects.filter(action="run.requested").count() == 4


def test_runs_of_one_model_are_numbered_over_all_projects(project: Project) -> None:
    other = ProjectFactory()
    parent = Deployment.objects.get(project=project).model_version
    assert request(project).number == 1
    assert request(other, parent=parent).number == 2
    assert request(other, parent=ModelVersionFactory()).number == 1


@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_run_that_failed_or_was_cancelled_can_be_asked_for_anew(
    project: Project, state: str
) -> None:
    first = request(project)
    TrainingRun.objects.filter(pk=first.pk).update(state=state)
    second = request(project)
    assert second != first
    with pytest.raises(Conflict, match="asked for anew"):
        training_run_resume(first.pk, actor=None)
    first.refresh_from_db()
    assert first.state == state
    assert not AuditEvent.objects.filter(action="run.resumed").exists()


def test_a_waiting_run_is_cancelled_at_once_and_resumed_with_new_attempts(
    project: Project,
) -> None:
    run, other = request(project), request(project, seed=8)
    TrainingRun.objects.filter(pk=run.pk).update(attempts=2, checkpoint_sha256=sha256("epoch 3"))
    cancelled = training_run_cancel(run.pk, actor=None)
    assert (cancelled.state, cancelled.completed_at is not None) == (State.CANCELLED, True)
    with pytest.raises(Conflict, match="over already"):
        training_run_cancel(run.pk, actor=None)
    resumed = training_run_resume(run.pk, actor=None)
    assert (resumed.state, resumed.attempts, resumed.cancel_requested_at) == (State.QUEUED, 0, None)
    assert resumed.checkpoint_sha256 == sha256("epoch 3")
    other.refresh_from_db()
    assert other.state == State.QUEUED
    acts = AuditEvent.objects.filter(target_id=str(run.pk)).order_by("created_at")
    assert [act.action for act in acts] == ["run.requested", "run.cancelled", "run.resumed"]


def test_a_run_at_work_is_asked_to_stop_and_cannot_be_resumed(project: Project) -> None:
    run = request(project)
    TrainingRun.objects.filter(pk=run.pk).update(state=State.RUNNING, claim_token=uuid.uuid4())
    asked = training_run_cancel(run.pk, actor=None)
    assert (asked.state, asked.cancel_requested_at is not None) == (State.RUNNING, True)
    with pytest.raises(Conflict, match="failed or cancelled"):
        training_run_resume(run.pk, actor=None)


def test_the_seed_has_bounds_and_nothing_is_stored_of_a_refused_run(project: Project) -> None:
    for seed in (-1, 2**31):
        with pytest.raises(Invalid) as refused:
            request(project, seed=seed)
        assert set(refused.value.fields) == {"seed"}
    assert not TrainingRun.objects.exists()


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ({"mode": "tail"}, {"mode"}),
        ({"epochs": 0}, {"epochs"}),
        ({"epochs": 2.5}, {"epochs"}),
        ({"epochs": True}, {"epochs"}),
        ({"learning_rate": float("nan")}, {"learning_rate"}),
        ({"ridge": -1, "weight_decay": 2}, {"ridge", "weight_decay"}),
        ({"lr": 0.1}, {"lr"}),
        ({"mode": "full", "batch_size": 0}, {"batch_size"}),
        ({"frozen": ["", 3]}, {"frozen"}),
    ],
)
def test_a_wrong_setting_is_named(config: dict[str, Any], wrong: set[str]) -> None:
    with pytest.raises(RunConfigError) as refused:
        RunConfig.from_json(config)
    assert set(refused.value.fields) == wrong


def test_settings_have_defaults_of_their_mode_and_come_back() -> None:
    head, full = RunConfig.from_json({}), RunConfig.from_json({"mode": "full", "frozen": ["bn1"]})
    assert (head.batch_size, head.anchor, head.loss) == (0, "champion", "auto")
    assert (full.batch_size, full.frozen) == (16, ("bn1",))
    for config in (head, full):
        assert RunConfig.from_json(config.to_json()) == config
    assert head == RunConfig()


def test_settings_that_the_model_cannot_do_are_refused() -> None:
    softmax = ModelSpec.from_json(spec_json())
    sigmoid = sigmoid_spec("resnet18")
    RunConfig(loss="softmax").check_fits(softmax, has_linear_head=True)
    RunConfig(loss="masked_bce").check_fits(sigmoid, has_linear_head=True)
    RunConfig(mode="full", batch_size=8).check_fits(softmax, has_linear_head=False)
    refusals = [
        (RunConfig(loss="masked_bce"), softmax, True, "loss"),
        (RunConfig(loss="softmax"), sigmoid, True, "loss"),
        (RunConfig(), softmax, False, "mode"),
        (RunConfig(mode="full", region_weight=1.0), softmax, False, "region_weight"),
    ]
    for config, spec, has_head, field in refusals:
        with pytest.raises(RunConfigError) as refused:
            config.check_fits(spec, has_linear_head=has_head)
        assert set(refused.value.fields) == {field}


def test_the_table_of_states_is_closed() -> None:
    assert set(RUN_TRANSITIONS) == set(State.values)
    assert set().union(*RUN_TRANSITIONS.values()) <= set(RUN_TRANSITIONS)
    assert states_before("running") == {"queued"}
    assert states_before("queued") == {"running", "trained", "failed", "cancelled"}
    assert {"queued", "failed", "cancelled"} <= RUN_TRANSITIONS["running"]
    assert states_before("failed") == WORKED_ON
    assert RUN_TRANSITIONS["evaluated"] == frozenset()


def get(client: Client, route: str, **kwargs: object) -> Any:
    return client.get(reverse(route, kwargs=kwargs)).json()


def test_the_list_shows_the_runs_of_the_project_alone(as_role: AsRole, project: Project) -> None:
    runs = [request(project, seed=seed) for seed in (1, 2, 3)]
    TrainingRunFactory()
    admin = as_role("admin", project)
    page = get(admin, "runs", project_id=project.pk)
    assert page["count"] == 3
    assert [row["id"] for row in page["rows"]] == [str(run.pk) for run in reversed(runs)]
    newest = page["rows"][0]
    assert (newest["number"], newest["state"], newest["candidate"]) == (3, "queued", None)
    assert newest["progress"] == {
        "stage": "", "epoch": 0, "epochs": 500, "images_done": 0, "images_total": 0
    }  # fmt: skip
    path = reverse("runs", kwargs={"project_id": project.pk})
    assert [r["seed"] for r in admin.get(path, {"offset": 1, "limit": 1}).json()["rows"]] == [2]


FINDING = {
    "state": "ok", "reason": "", "n": 4, "positive": 2, "negative": 2, "threshold": 0.5,
    "auroc": 0.75, "auroc_low": 0.1, "auroc_high": 1.0,
    "sensitivity": 0.5, "sensitivity_low": 0.01, "sensitivity_high": 0.99,
    "specificity": 1.0, "specificity_low": 0.16, "specificity_high": 1.0,
}  # fmt: skip
COMPARED = {
    "state": "ok", "reason": "", "n": 4, "positive": 2, "negative": 2,
    "delta_auroc": 0.25, "low": -0.1, "high": 0.6, "p_value": 0.2,
}  # fmt: skip


def test_one_run_shows_candidate_and_champion_side_by_side(as_role: AsRole) -> None:
    run = TrainingRunFactory(
        state=State.EVALUATED,
        candidate=ModelVersionFactory(),
        curves=[
            {"epoch": 1, "train_loss": 0.5, "validation_loss": None, "validation_auc": {"a": None}}
        ],
        comparison={"pneumonia": COMPARED},
    )
    run.champion = run.parent
    run.save()
    for version in (run.candidate, run.champion):
        EvaluationFactory(run=run, model_version=version, metrics={"pneumonia": FINDING})
    detail = get(as_role("admin", run.project), "run", run_id=run.pk)
    assert detail["candidate"]["id"] == str(run.candidate.pk)
    assert detail["champion"]["id"] == str(run.parent.pk)
    assert detail["curves"] == run.curves
    sides = detail["evaluation"]
    assert sides["candidate"]["findings"] == [{"finding": "pneumonia", **FINDING}]
    assert sides["champion"]["findings"] == [{"finding": "pneumonia", **FINDING}]
    assert sides["comparison"] == [{"finding": "pneumonia", **COMPARED}]


def test_cancel_and_resume_over_http(as_role: AsRole, project: Project) -> None:
    run = request(project)
    admin = as_role("admin", project)

    def post(route: str) -> Any:
        path = reverse(route, kwargs={"run_id": run.pk})
        return admin.post(path, content_type="application/json")

    assert post("run-cancel").json()["state"] == "cancelled"
    again = post("run-cancel")
    assert (again.status_code, again.json()["code"]) == (409, "run_over")
    assert post("run-resume").json()["state"] == "queued"
    again = post("run-resume")
    assert (again.status_code, again.json()["code"]) == (409, "run_not_over")


def test_evaluations_and_deployments_cannot_be_changed() -> None:
    evaluation, _ = EvaluationFactory(), DeploymentFactory()
    with pytest.raises(AppendOnlyError):
        Evaluation.objects.update(part="train")
    with pytest.raises(AppendOnlyError):
        evaluation.delete()
    for table in ("inference_evaluation", "inference_deployment"):
        for statement in ("UPDATE {} SET created_at = created_at", "DELETE FROM {}"):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement.format(table))
    assert Evaluation.objects.count() == Deployment.objects.count() == 1
