"""Every list answers in a fixed, small number of queries, however many rows it has."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.inference.models import Prediction
from tests import factories as make

pytestmark = pytest.mark.django_db

CEILING = 18
CASE_CEILING = 30  # one case, whole: identity, images, versions, regions, answers, claim


@pytest.fixture
def project():
    project = make.ProjectFactory()
    make.FindingFactory(project=project, code="pneumonia")
    make.DeploymentFactory(project=project)
    return project


def grow(project) -> None:
    """Add one of everything that any list shows: a read case, a stuck image, a failed file, ..."""
    finding = project.findings.first()
    version = project_champion(project)
    case = make.CaseFactory(project=project)
    one = case.instances.get()
    more = make.InstanceFactory(series=one.series)
    make.CaseInstanceFactory(case=case, instance=more)
    answer = make.CasePredictionFactory(case=case, model_version=version)
    make.PredictionFactory(case_prediction=answer, instance=one)
    make.PredictionFactory(
        case_prediction=answer,
        instance=more,
        state=Prediction.State.QUARANTINED,
        reason_code="decode_failed",
    )
    review = make.ReviewFactory(case=case)
    decision = make.ReviewDecisionFactory(review=review, finding=finding)
    entry = make.QueueEntryFactory(decision=decision, model_version=version, state="approved")
    make.QueueDecisionFactory(entry=entry)
    make.SnapshotEntryFactory(entry=entry, snapshot__project=project)
    make.IngestFailureFactory(project=project)
    make.InvitationFactory(project=project)
    make.AuditEventFactory(project=project)
    make.AuditEventFactory(project=project, target_type="user")
    make.ModelVersionFactory()
    make.TrainingRunFactory(project=project, candidate=make.ModelVersionFactory(), champion=version)
    latest = make.DeploymentFactory._meta.model.objects.filter(project=project).count()
    make.DeploymentFactory(project=project, model_version=version, sequence=latest + 1)
    make.FindingFactory(project=project)
    make.PhraseFactory(project=project)
    make.RoundCaseFactory(round=make.ReadingRoundFactory(project=project), case=case)


def project_champion(project):
    deployments = make.DeploymentFactory._meta.model.objects.filter(project=project)
    return deployments.order_by("sequence").first().model_version


def rows_of(body) -> int:
    if isinstance(body, list):
        return len(body)
    return len(body.get("rows", body.get("versions", body.get("memberships", []))))


LISTS: dict[str, tuple[str, str]] = {
    "worklist": ("POST", "project"),
    "queue-entries": ("GET", "project"),
    "snapshots": ("GET", "project"),
    "ingest-failures": ("GET", "project"),
    "stuck-predictions": ("GET", "project"),
    "models": ("GET", "project"),
    "runs": ("GET", "project"),
    "rounds": ("GET", "project"),
    "phrases": ("GET", "project"),
    "projects": ("GET", ""),
    "projects-administered": ("GET", ""),
    "members": ("GET", "project"),
    "invitations": ("GET", "project"),
    "audit": ("GET", "project"),
    "session": ("GET", ""),
}


PER_PROJECT = ("projects", "projects-administered", "session")


@pytest.fixture
def ask(log_in, project) -> Callable[[str], tuple[int, int]]:
    """Call a list as radiologist and admin; gives (queries, rows)."""
    user = make.UserFactory()
    for role in ("radiologist", "admin"):
        make.MembershipFactory(user=user, project=project, role=role)
    browser = log_in(user)

    def call(route: str) -> tuple[int, int]:
        method, relation = LISTS[route]
        path = reverse(route, kwargs={"project_id": project.pk} if relation else {})
        with CaptureQueriesContext(connection) as queries:
            if method == "POST":
                answer = browser.post(path, {}, content_type="application/json")
            else:
                answer = browser.get(path)
        assert answer.status_code == 200
        return len(queries), rows_of(answer.json())

    call.user = user  # type: ignore[attr-defined]
    return call


@pytest.mark.parametrize("route", sorted(LISTS))
def test_a_list_needs_few_queries_whatever_its_length(ask, project, route):
    grow(project)
    if route in PER_PROJECT:
        make.MembershipFactory(user=ask.user, role="admin")
    few, rows_before = ask(route)
    for _ in range(6):
        grow(project)
        if route in PER_PROJECT:
            other = make.MembershipFactory(user=ask.user, role="admin").project
            make.FindingFactory(project=other)
    many, rows_after = ask(route)
    assert rows_after >= rows_before + 6
    assert many == few
    assert many <= CEILING


def test_a_study_of_many_instances_needs_few_queries(as_role, project):
    case = make.CaseFactory(project=project)
    series = case.instances.get().series
    browser = as_role("radiologist", project)
    counts = []
    for _ in range(2):
        for path in (
            f"/dicomweb/studies/{case.study.study_instance_uid}/metadata",
            f"/api/cases/{case.pk}/review",
        ):
            browser.get(path)  # the first look of a login is recorded
            with CaptureQueriesContext(connection) as queries:
                assert browser.get(path).status_code == 200
            counts.append(len(queries))
        for _ in range(5):
            instance = make.InstanceFactory(series=series)
            make.CaseInstanceFactory(case=case, instance=instance)
    assert counts[:2] == counts[2:]
    assert counts[0] <= CASE_CEILING


def test_no_list_is_forgotten():
    """Whatever answers rows belongs here; every other GET answers one thing."""
    assert set(LISTS) <= set(LIST_OR_NOT)
    from apps.cases.access import TABLE

    assert set(TABLE) == set(LIST_OR_NOT)


LIST_OR_NOT = {
    **dict.fromkeys(LISTS, "list"),
    **dict.fromkeys(
        [
            *("app", "health", "csp-report", "status"),
            *("headless:browser:account:login", "headless:browser:account:current_session"),
            *("headless:browser:config", "case-review", "review-draft", "review-sign"),
            *("case-predict", "project-predict", "prediction-maps", "prediction-retry", "upload"),
            *("ingest-failure-resolve", "model-promote", "model-rollback"),
            *("run", "run-cancel", "run-resume"),
            *("draft-key", "review-addendum", "review-withdraw", "second-signature"),
            *("critical-acknowledge", "ai-reveal", "case-claim", "case-prior", "case-history"),
            *("phrase",),
            *("round-setup", "round-policy", "round-guideline", "round-members", "round-member"),
            *("round-cases-remove", "round-known-cases", "round-case-readers"),
            *("round-case-cancel", "round-case-reopen", "round-case-reassign", "round-open"),
            *("round-close", "round-cancel", "round-release", "round-progress"),
            *("round-cases", "round-questions", "round-question-answer"),
            *("round-statistics", "round-export-csv", "round-export-json", "round-certificate"),
            # own lists of readers: tests/feedback/labeling/test_reading.py
            *("label-rounds", "label-next", "label-reads", "label-guideline"),
            *(
                "label-guideline-picture",
                "round-guideline-picture",
                "round-guideline-pictures",
                "read",
                "read-open",
                "read-draft",
                "read-lock",
                "read-take-back",
            ),
            *("read-skip", "read-recuse", "read-question", "read-heartbeat", "read-result"),
            *("read-metadata", "read-frame", "read-thumbnail"),
            *("arbitration", "arbitration-draft", "arbitration-decide"),
            *("project-settings", "project-policies", "project-findings", "project-finding"),
            *("member-role", "member-deactivate", "member-activate", "member-reset-link"),
            *("invitation-revoke", "join-look", "join", "join-as-me", "reset-look", "reset"),
            *("audit-verify", "system", "stuck-predictions-retry"),
            *("queue-exclude", "queue-entry-approve", "queue-entry-exclude"),
            *("queue-entry-take-back", "queue-samples", "queue-sample", "queue-sample-approve"),
            *("snapshot-preview", "snapshot"),
            *("wado-study-metadata", "wado-series-metadata", "wado-instance-metadata"),
            *("wado-frame", "wado-thumbnail", "wado-instance"),
        ],
        "one thing",
    ),
}
