"""Asking for predictions over HTTP: what waits, what is left out and why, and who may know."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.cases.models import AuditEvent, Project
from apps.cases.signals import case_extended
from apps.inference.models import CasePrediction, Prediction
from apps.inference.reasons import REASONS
from apps.inference.selectors import case_ai, cases_ai, queue_status
from apps.inference.services.claims import (
    FrameFailure,
    claim_batch,
    predictions_fail,
    predictions_store,
)
from apps.inference.services.predictions import case_predictions_request
from tests.factories import (
    AssignmentFactory,
    CaseFactory,
    CaseInstanceFactory,
    DeploymentFactory,
    FindingFactory,
    InstanceFactory,
    MembershipFactory,
    PredictionFactory,
    ProjectFactory,
    UserFactory,
)
from tests.inference.waiting import (
    BULK,
    INTERACTIVE,
    ids_of,
    results_of,
    served_project,
    waiting_case,
)

pytestmark = pytest.mark.django_db
AsRole = Callable[[str, Project], Client]
State = Prediction.State


def predict(client: Client, case_id: object) -> object:
    return client.post(
        reverse("case-predict", kwargs={"case_id": case_id}), content_type="application/json"
    )


def quarantine(case_id: object) -> Prediction:
    batch = claim_batch(1)
    assert batch is not None
    failure = FrameFailure("decode_failed", {}, is_final=True)
    predictions_fail(batch, {ids_of(batch)[0]: failure})
    return Prediction.objects.get(case_prediction__case=case_id)


def test_a_case_asked_for_twice_is_queued_once_and_first(as_role: AsRole) -> None:
    project = served_project()
    waiting_case(project)
    case = CaseFactory(project=project)
    radiologist = as_role("radiologist", project)
    for _ in range(2):
        answer = predict(radiologist, case.pk)
        assert (answer.status_code, answer.json()) == (200, {"state": "waiting"})
    assert Prediction.objects.filter(case_prediction__case=case).count() == 1
    batch = claim_batch(1)
    assert Prediction.objects.get(pk=ids_of(batch)[0]).case_prediction.case == case


def test_asking_for_a_waiting_case_moves_it_to_the_front(as_role: AsRole) -> None:
    project = served_project()
    waiting_case(project, images=2)
    case = waiting_case(project, images=2)
    assert case_ai(case)["queue_position"] == 2
    predict(as_role("radiologist", project), case.pk)
    lanes = Prediction.objects.filter(case_prediction__case=case).values_list("lane", flat=True)
    assert set(lanes) == {INTERACTIVE}
    assert case_ai(case)["queue_position"] == 1


def test_every_frame_of_a_multi_frame_image_is_asked_for() -> None:
    case = CaseFactory(project=served_project(), instance__number_of_frames=3)
    case_predictions_request([case.pk], lane=BULK)
    frames = Prediction.objects.values_list("frame_number", flat=True)
    assert sorted(frames) == [1, 2, 3]


@pytest.mark.parametrize(
    ("image", "code", "params"),
    [
        (
            {"instance__series__modality": "MR"},
            "modality_not_covered",
            {"given": "MR", "covered": ["DX"]},
        ),
        (
            {"instance__series__body_part_examined": ""},
            "body_part_unknown",
            {"given": "", "covered": ["CHEST"]},
        ),
        ({"instance__is_classifiable": False}, "not_classifiable", {}),
    ],
)
def test_an_image_outside_the_scope_is_left_out_and_says_why(
    image: dict[str, object], code: str, params: dict[str, object]
) -> None:
    series = {key.replace("instance__", ""): value for key, value in image.items()}
    project = served_project()
    case = CaseFactory(project=project, instance=False)
    CaseInstanceFactory(case=case, instance=InstanceFactory(series__study=case.study, **series))
    other = CaseFactory(project=project)
    assert case_predictions_request([case.pk, other.pk], lane=BULK) == 1
    ai = case_ai(case)
    assert (ai["state"], ai["reason_code"], ai["reason_params"]) == ("abstained", code, params)
    assert [row["state"] for row in ai["predictions"]] == ["abstained"]
    assert ai["findings"] == []
    assert case_ai(other)["state"] == "waiting"


def test_a_case_without_images_abstains_and_waits_once_one_arrives() -> None:
    case = CaseFactory(project=served_project(), instance=False)
    case_predictions_request([case.pk], lane=BULK)
    assert (case_ai(case)["state"], case_ai(case)["reason_code"]) == ("abstained", "no_images")
    CaseInstanceFactory(case=case, instance=InstanceFactory(series__study=case.study))
    case_predictions_request([case.pk], lane=BULK)
    assert case_ai(case)["state"] == "waiting"


def test_an_image_of_the_study_that_another_project_received_is_not_read() -> None:
    case = CaseFactory(project=served_project())
    other = CaseFactory(project=ProjectFactory(), study=case.study)
    case_predictions_request([case.pk], lane=BULK)
    read = Prediction.objects.values_list("instance", flat=True)
    assert set(read) == set(case.instances.values_list("pk", flat=True))
    assert not set(read) & set(other.instances.values_list("pk", flat=True))


def test_a_study_is_classified_on_arrival_only_where_the_project_says_so() -> None:
    automatic, manual = served_project(), served_project()
    manual.auto_classify = False
    manual.save()
    first, second = CaseFactory(project=automatic), CaseFactory(project=manual)
    for case in (first, second):
        case_extended.send(sender=type(case), case_id=case.pk)
    assert CasePrediction.objects.get().case == first


def test_without_a_champion_nothing_is_queued(as_role: AsRole) -> None:
    project = ProjectFactory()
    case = CaseFactory(project=project)
    answer = predict(as_role("radiologist", project), case.pk)
    assert answer.json() == {"state": "none"}
    assert case_ai(case)["reason_code"] == "no_champion"
    url = reverse("project-predict", kwargs={"project_id": project.pk})
    refused = as_role("admin", project).post(url, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "no_champion")


def test_a_project_is_asked_for_in_bulk_where_it_was_not_asked_before(as_role: AsRole) -> None:
    project = served_project()
    waiting_case(project)
    new = [CaseFactory(project=project) for _ in range(3)]
    CaseFactory(project=served_project())
    url = reverse("project-predict", kwargs={"project_id": project.pk})
    admin = as_role("admin", project)
    assert admin.post(url, content_type="application/json").json() == {"requested": 3}
    assert admin.post(url, content_type="application/json").json() == {"requested": 0}
    lanes = Prediction.objects.filter(case_prediction__case__in=new).values_list("lane", flat=True)
    assert list(lanes) == [BULK] * 3
    assert AuditEvent.objects.filter(action="predictions.requested").count() == 2


def test_a_person_who_reads_blinded_learns_nothing_of_the_answer(
    log_in: Callable[..., Client],
) -> None:
    project = served_project()
    reader = UserFactory()
    MembershipFactory(user=reader, project=project, role="radiologist")
    inside, outside = CaseFactory(project=project), CaseFactory(project=project)
    outside.instances.get().series.__class__.objects.filter(
        pk=outside.instances.get().series_id
    ).update(modality="MR")
    for case in (inside, outside):
        AssignmentFactory(case=case, user=reader, role="annotator")
    browser = log_in(reader)
    bodies = {predict(browser, case.pk).content for case in (inside, outside)}
    assert bodies == {b'{"state":"requested"}'}
    stored = PredictionFactory(case_prediction__case=inside, case_prediction__state="done")
    url = reverse("prediction-maps", kwargs={"prediction_id": stored.pk})
    assert browser.get(url).status_code == 404


def test_maps_are_raw_float16_and_cached_privately(as_role: AsRole) -> None:
    project = served_project()
    stored = PredictionFactory(case_prediction__case__project=project)
    without = PredictionFactory(case_prediction__case__project=project, maps=None)
    radiologist = as_role("radiologist", project)
    url = reverse("prediction-maps", kwargs={"prediction_id": stored.pk})
    answer = radiologist.get(url)
    assert (answer.status_code, answer.content) == (200, b"\x00\xbc\x00\x3c")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Cache-Control"] == "private, max-age=31536000, immutable"
    assert "Cookie" in answer["Vary"]
    missing = reverse("prediction-maps", kwargs={"prediction_id": without.pk})
    assert radiologist.get(missing).status_code == 404
    stranger = as_role("radiologist", ProjectFactory())
    assert stranger.get(url).status_code == 404


def test_the_answer_names_findings_of_the_project_model_and_maps() -> None:
    project = served_project()
    case = waiting_case(project)
    batch = claim_batch(16)
    assert batch is not None
    predictions_store(batch, results_of(batch, probability=0.75))
    ai = case_ai(case)
    version = Prediction.objects.get().model_version
    assert ai["model"] == {
        "name": version.name,
        "version": version.version,
        "hash": version.model_sha256,
    }
    assert ai["findings"] == [
        {"code": "pneumonia", "probability": pytest.approx(0.75), "threshold": 0.5, "above": True}
    ]
    (frame,) = ai["predictions"]
    assert [output["code"] for output in frame["outputs"]] == ["normal", "pneumonia"]
    assert frame["outputs"][1]["probability"] == pytest.approx(0.75)
    assert frame["maps"]["shape"] == [2, 1, 1]
    assert frame["maps"]["url"].endswith(f"{frame['prediction_id']}/maps")
    assert (frame["exclusive_groups"], frame["no_map_reason"]) == ([[0, 1]], "")
    assert frame["model_hash"] == version.model_sha256


def test_only_the_champion_of_the_cases_own_project_speaks() -> None:
    first, second = served_project(), served_project()
    case = waiting_case(first)
    batch = claim_batch(16)
    assert batch is not None
    predictions_store(batch, results_of(batch))
    assert cases_ai([case])[case.pk]["state"] == "done"
    other = CaseFactory(project=second)
    assert cases_ai([case, other])[other.pk]["state"] == "none"
    DeploymentFactory(project=first, sequence=2)
    assert cases_ai([case, other])[case.pk]["reason_code"] == "not_requested"


def test_many_cases_take_as_many_queries_as_one(
    django_assert_num_queries: Callable[..., object],
) -> None:
    project = served_project()
    cases = [waiting_case(project) for _ in range(5)]
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        cases_ai(cases[:1])
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        cases_ai(cases)


def test_a_stuck_image_is_listed_with_its_reason_and_retried_by_an_admin(
    as_role: AsRole, django_assert_max_num_queries: Callable[..., object]
) -> None:
    project = served_project()
    case = waiting_case(project)
    stuck = quarantine(case.pk)
    quarantine(waiting_case(served_project()).pk)
    admin = as_role("admin", project)
    url = reverse("stuck-predictions", kwargs={"project_id": project.pk})
    with django_assert_max_num_queries(15):  # type: ignore[attr-defined]
        listed = admin.get(url).json()
    assert listed["count"] == 1
    (row,) = listed["rows"]
    assert row["prediction_id"] == str(stuck.pk)
    assert row["message"] == REASONS["decode_failed"]
    retry = reverse("prediction-retry", kwargs={"prediction_id": stuck.pk})
    assert (
        as_role("radiologist", project).post(retry, content_type="application/json").status_code
        == 404
    )
    assert Prediction.objects.get(pk=stuck.pk).state == State.QUARANTINED
    assert admin.post(retry, content_type="application/json").status_code == 204
    assert case_ai(case)["state"] == "waiting"
    assert admin.post(retry, content_type="application/json").json()["code"] == "not_quarantined"
    batch = claim_batch(1)
    assert batch is not None
    predictions_store(batch, results_of(batch))
    assert case_ai(case)["state"] == "done"
    assert AuditEvent.objects.filter(action="prediction.retried").count() == 1


def test_a_stuck_image_of_a_case_that_the_admin_reads_blinded_is_not_listed(
    log_in: Callable[..., Client],
) -> None:
    project = served_project()
    admin = UserFactory()
    MembershipFactory(user=admin, project=project, role="admin")
    case = waiting_case(project)
    quarantine(case.pk)
    url = reverse("stuck-predictions", kwargs={"project_id": project.pk})
    assert log_in(admin).get(url).json()["count"] == 1
    AssignmentFactory(case=case, user=admin, role="annotator")
    assert log_in(admin).get(url).json() == {"count": 0, "rows": []}


def test_the_status_says_what_waits_and_whether_it_moves(as_role: AsRole) -> None:
    project = served_project()
    client = as_role("annotator", project)
    nothing = {"ai": {"state": "ok", "waiting": 0, "oldest_s": 0.0}}
    assert client.get(reverse("status")).json() == nothing
    waiting_case(project, images=2)
    now = timezone.now()
    states = {
        seconds: queue_status(now=now + timedelta(seconds=seconds))["state"]
        for seconds in (1, 30, 600)
    }
    assert states == {1: "ok", 30: "delayed", 600: "down"}
    status = client.get(reverse("status")).json()["ai"]
    assert (status["state"], status["waiting"]) == ("ok", 2)


def test_every_reason_an_image_can_have_is_a_sentence() -> None:
    spec_codes = {
        f"{name}_{why}"
        for name in ("modality", "body_part", "view", "pixel_spacing")
        for why in ("unknown", "not_covered")
    }
    assert spec_codes <= set(REASONS)


@pytest.mark.parametrize("lane", [BULK, INTERACTIVE])
def test_asking_wakes_the_workers_of_the_lane_after_the_commit(
    lane: Prediction.Lane,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    sent: list[str] = []
    monkeypatch.setattr("apps.queue._send", lambda job, _: sent.append(job.queue))
    case = CaseFactory(project=served_project())
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        case_predictions_request([case.pk], lane=lane)
        assert sent == []
    assert sent == ["gpu" if lane == BULK else "interactive"]


def test_a_finding_that_the_project_does_not_have_is_not_shown() -> None:
    project = served_project()
    case = waiting_case(project)
    batch = claim_batch(1)
    assert batch is not None
    predictions_store(batch, results_of(batch))
    project.findings.filter(code="pneumonia").delete()
    FindingFactory(project=project, code="other")
    assert case_ai(case)["findings"] == []
