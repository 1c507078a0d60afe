"""How the installation is doing, as an admin sees it; and every stuck image tried again at once."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps import blobs
from apps.cases.models import AuditEvent
from apps.cases.services.audit import audit_seal
from apps.inference.models import CasePrediction, Prediction
from tests import factories as make
from tests.cases.test_invitations import post

pytestmark = pytest.mark.django_db

State, Lane = Prediction.State, Prediction.Lane


@pytest.fixture
def project():
    return make.ProjectFactory()


@pytest.fixture
def admin(as_role, project):
    return as_role("admin", project)


def system(browser):
    answer = browser.get("/api/system")
    assert answer.status_code == 200
    return answer.json()


def test_queues_are_counted_by_their_rows(admin):
    for lane, state in (
        (Lane.INTERACTIVE, State.QUEUED),
        (Lane.BULK, State.QUEUED),
        (Lane.BULK, State.QUEUED),
        (Lane.BULK, State.CLAIMED),
        (Lane.INTERACTIVE, State.QUARANTINED),
        (Lane.BULK, State.DONE),
        (Lane.BULK, State.ABSTAINED),
    ):
        make.PredictionFactory(lane=lane, state=state)
    oldest = Prediction.objects.filter(lane=Lane.BULK, state=State.QUEUED).first()
    Prediction.objects.filter(pk=oldest.pk).update(created_at=timezone.now() - timedelta(hours=2))
    interactive, bulk, training = system(admin)["queues"]
    assert interactive["name"] == "predictions_interactive"
    assert [interactive[key] for key in ("waiting", "running", "failed")] == [1, 0, 1]
    assert bulk["name"] == "predictions_bulk"
    assert [bulk[key] for key in ("waiting", "running", "failed")] == [2, 1, 0]
    assert 7200 <= bulk["oldest_s"] < 7260
    assert training == {
        "name": "training",
        "waiting": 0,
        "running": 0,
        "failed": 0,
        "oldest_s": None,
    }


def test_training_runs_are_a_queue(admin):
    make.TrainingRunFactory(state="queued")
    make.TrainingRunFactory(state="failed")
    make.TrainingRunFactory(state="evaluated")
    training = system(admin)["queues"][2]
    assert [training[key] for key in ("waiting", "running", "failed")] == [1, 0, 1]
    assert training["oldest_s"] >= 0


def test_the_store_is_measured(admin, tmp_path):
    for content in (b"x" * 1000, b"y" * 234):
        (tmp_path / "file").write_bytes(content)
        blobs.put_file(tmp_path / "file")
    files = system(admin)["files"]
    assert (files["stored"], files["is_counted"]) == (1234, True)
    assert 0 < files["free"] < files["total"]


def test_a_store_too_large_to_count_in_time_says_so(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 1000)
    blobs.put_file(tmp_path / "file")
    space = blobs.space(seconds=-1)
    assert space is not None
    assert (space.stored, space.is_counted) == (0, False)


def test_a_store_in_s3_has_no_volume(admin, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": "coread"},
        },
    }
    assert system(admin)["files"] is None


def test_the_seal_and_the_versions_are_told(admin):
    make.AuditEventFactory()
    audit_seal()
    waiting = make.AuditEventFactory()
    body = system(admin)
    assert body["audit"]["sealed"] == AuditEvent.objects.count() - 1
    assert body["audit"]["last_seal_at"] is not None
    assert body["audit"]["unsealed_since"] == waiting.created_at.isoformat().replace("+00:00", "Z")
    assert body["versions"]["database"].startswith(("SQLite 3", "PostgreSQL 1"))
    assert body["database"]["bytes"] > 0
    assert body["database"]["bytes"] % 1_000_000 == 0
    assert (body["database"]["free"] is None) == (connection.vendor == "postgresql")


def test_the_last_answer_of_a_worker_is_told(admin):
    assert system(admin)["last_prediction_at"] is None
    at = timezone.now() - timedelta(minutes=3)
    make.PredictionFactory(completed_at=at)
    make.PredictionFactory(completed_at=at - timedelta(days=1))
    assert system(admin)["last_prediction_at"] == at.isoformat().replace("+00:00", "Z")


def test_a_broker_that_is_away_is_told_and_nothing_fails(admin, monkeypatch):
    from apps import queue

    monkeypatch.setattr(queue.app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    assert system(admin)["broker_answers"] is False


@pytest.mark.full
def test_a_broker_that_answers_is_told(admin, redis_url, monkeypatch):
    from apps import queue

    monkeypatch.setattr(queue.app.conf, "broker_write_url", redis_url)
    assert system(admin)["broker_answers"] is True


def test_the_state_needs_few_queries_however_much_waits(admin):
    counts = []
    for _ in range(2):
        for _ in range(5):
            make.PredictionFactory(state=State.QUEUED)
            make.AuditEventFactory()
        system(admin)
        with CaptureQueriesContext(connection) as queries:
            system(admin)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_admins_look_behind_the_scenes(as_role, project, role):
    assert as_role(role, project).get("/api/system").status_code == 404


def stuck(case, **facts):
    answer = make.CasePredictionFactory(case=case, state=CasePrediction.State.FAILED)
    return make.PredictionFactory(
        case_prediction=answer, state=State.QUARANTINED, attempts=3, **facts
    )


def retry_all(browser, project):
    return post(browser, f"/api/projects/{project.pk}/stuck-predictions/retry")


def test_every_stuck_image_of_the_project_is_tried_again(admin, project):
    case = make.CaseFactory(project=project)
    one = stuck(case)
    instance = make.InstanceFactory(series=one.instance.series)
    make.CaseInstanceFactory(case=case, instance=instance)
    two = make.PredictionFactory(
        case_prediction=one.case_prediction, instance=instance, state=State.QUARANTINED
    )
    three, foreign = stuck(make.CaseFactory(project=project)), stuck(make.CaseFactory())
    done = make.PredictionFactory(case_prediction__case=make.CaseFactory(project=project))
    assert retry_all(admin, project).json() == {"retried": 3}
    for row in (one, two, three):
        row.refresh_from_db()
        assert (row.state, row.attempts, row.alone) == (State.QUEUED, 0, True)
    one.case_prediction.refresh_from_db()
    assert (one.case_prediction.pending, one.case_prediction.state) == (2, "waiting")
    for row, state in ((foreign, State.QUARANTINED), (done, State.DONE)):
        row.refresh_from_db()
        assert row.state == state
    assert AuditEvent.objects.get(action="predictions.retried").detail == {"images": 3}
    assert retry_all(admin, project).json() == {"retried": 0}
    assert AuditEvent.objects.filter(action="predictions.retried").count() == 1


def test_retrying_all_leaves_out_what_the_admin_reads_blinded(log_in, project):
    boss = make.UserFactory()
    make.MembershipFactory(user=boss, project=project, role="admin")
    blinded, other = (stuck(make.CaseFactory(project=project)) for _ in range(2))
    make.AssignmentFactory(user=boss, case=blinded.case_prediction.case)
    assert retry_all(log_in(boss), project).json() == {"retried": 1}
    blinded.refresh_from_db()
    other.refresh_from_db()
    assert (blinded.state, other.state) == (State.QUARANTINED, State.QUEUED)


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_an_admin_retries_all(as_role, project, role):
    row = stuck(make.CaseFactory(project=project))
    assert retry_all(as_role(role, project), project).status_code == 404
    assert retry_all(as_role("admin", make.ProjectFactory()), project).status_code == 404
    row.refresh_from_db()
    assert row.state == State.QUARANTINED
