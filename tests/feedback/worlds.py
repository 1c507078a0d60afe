"""Two worlds that differ only in what the model said, and all that a reviewer can observe of them.

The world is built once, so that every identifier is the same; `say_otherwise` then changes whatever
follows from the model's output: its answers, and what colleagues' signatures made of them.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Model, QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps import blobs
from apps.base import AppendOnlyModel
from apps.cases.access import TABLE
from apps.cases.models import AuditEvent, Case, Project, User
from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import (
    CaseClaim,
    Review,
    ReviewDecision,
    RoiRevision,
    SecondSignature,
)
from apps.feedback.services import reviews_release
from apps.inference.models import CasePrediction, Prediction
from tests import factories as make
from tests.feedback import acts
from tests.test_access_matrix import routes, target_of


class Clock:
    """A second passes with every look while the world is built; then it stands still."""

    def __init__(self) -> None:
        self.time = timezone.now().replace(microsecond=0) - timedelta(hours=1)
        self.stands = False

    def __call__(self) -> datetime:
        if not self.stands:
            self.time += timedelta(seconds=1)
        return self.time


@dataclass
class World:
    """A reviewer before the first impression, among cases that a model and a colleague have read.

    `subjects` are what a request may name: for each case the arguments of every route.
    """

    project: Project
    clinic: Project
    reviewer: User
    colleague: User
    bytes_sha256: str
    everything: dict[str, Any]
    cases: dict[str, Case] = field(default_factory=dict)
    subjects: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One answer as it left the server, and how many queries it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    query_count: int


Observation = dict[str, Seen]


# --- building ------------------------------------------------------------------------------------


def build_world(log_in: Callable[[User], Client], folder: Path, settings: Any) -> World:
    """Cases of every kind in a project that hides AI; one of the studies also where it is shown."""
    world = _empty_world(folder)
    patient = make.PatientFactory()
    earlier, later = (
        make.StudyFactory(patient=patient, study_date=date(2026, month, 4)) for month in (1, 5)
    )
    prior = _read_by_model(world, "prior", 0.9, study=earlier)
    _read_by_model(world, "case", 0.8, study=later)
    signed = _read_by_model(world, "signed", 0.2)
    withdrawn = _read_by_model(world, "withdrawn", 0.7)
    drafted = _read_by_model(world, "drafted", 0.6)
    own = _read_by_model(world, "own", 0.3)
    claimed = _read_by_model(world, "claimed", 0.95)
    for number, probability in enumerate((0.1, 0.99, 0.55)):
        _read_by_model(world, f"unread {number}", probability)
    _add_clinic(world)

    theirs, ours = log_in(world.colleague), log_in(world.reviewer)
    settings.WITHDRAWAL_WINDOW_S = 60
    for case in (prior, signed, withdrawn):
        _read_with_ai(theirs, case)
    _ok(acts.withdraw(theirs, Review.objects.get(case=withdrawn, state="signed")))
    settings.WITHDRAWAL_WINDOW_S = 0
    _ok(acts.addendum(theirs, signed))
    _ok(acts.sign(theirs, signed, _reading(signed, acts.said("mass accepted"), sees_ai=True)))
    reviews_release()
    make.SecondSignatureFactory(review=Review.objects.get(case=prior))
    _ok(acts.claim(theirs, claimed))
    CaseClaim.objects.update(lease_until=timezone.now() + timedelta(days=1))
    _ok(acts.save(ours, drafted, _reading(drafted, acts.said("nodule accepted"))))
    _ok(acts.sign(ours, own, _reading(own, acts.said("nodule rejected"))))
    ours.get("/api/session/draft-key")  # made at the first need
    for name, case in world.cases.items():
        for review in Review.objects.filter(case=case, reader=world.colleague)[:1]:
            world.subjects[name]["review_id"] = review.pk
    # How the queue moves as a whole is told to everybody: something waits elsewhere.
    make.PredictionFactory(state=Prediction.State.QUEUED)
    return world


def _empty_world(folder: Path) -> World:
    project = make.ProjectFactory(policy="after_first_impression")
    make.FindingFactory(project=project, code="pneumonia", is_urgent=True)
    (folder / "bytes").write_bytes(b"\xff\xd8\xff" + bytes(97))
    sha256 = blobs.put_file(folder / "bytes")
    # The permission matrix's target has one of everything that any route names.
    everything = target_of("everything", project, sha256).kwargs
    for code in ("nodule", "mass"):
        make.FindingFactory(project=project, code=code)
    make.DeploymentFactory(project=project)
    reviewer = make.UserFactory(username="reviewer")
    colleague = make.UserFactory(username="colleague")
    for user in (reviewer, colleague):
        make.MembershipFactory(user=user, project=project)
    make.PhraseFactory(project=project, owner=reviewer)
    clinic = make.ProjectFactory()
    make.MembershipFactory(user=reviewer, project=clinic)
    world = World(project, clinic, reviewer, colleague, sha256, everything)
    world.subjects["everything"] = everything
    return world


def _read_by_model(world: World, name: str, probability: float, **facts: Any) -> Case:
    """A case with two images and the champion's answer to it."""
    case = make.CaseFactory(project=world.project, instance=False, **facts)
    series = make.SeriesFactory(study=case.study)
    for number in (1, 2):
        instance = make.InstanceFactory(
            series=series,
            instance_number=number,
            stored_sha256=world.bytes_sha256,
            rendition_sha256=world.bytes_sha256,
            thumbnail_sha256=world.bytes_sha256,
        )
        make.CaseInstanceFactory(case=case, instance=instance)
    world.cases[name] = case
    _answer(world, name, case, probability)
    return case


def _answer(world: World, name: str, case: Case, probability: float) -> None:
    deployment = make.DeploymentFactory._meta.model.objects.get(project=case.project)
    answer = make.CasePredictionFactory(
        case=case,
        model_version=deployment.model_version,
        probabilities={"pneumonia": probability, "nodule": 1 - probability},
        thresholds={"pneumonia": 0.5, "nodule": 0.5},
        urgency=max(0.0, probability - 0.5),
        uncertainty=1 - abs(probability - 0.5),
        top_finding="pneumonia" if probability >= 0.5 else "nodule",
        top_probability=max(probability, 1 - probability),
        completed_at=timezone.now(),
    )
    for instance in case.instances.all():
        prediction = make.PredictionFactory(
            case_prediction=answer, instance=instance, completed_at=timezone.now()
        )
    world.subjects[name] = world.everything | {
        "project_id": case.project_id,
        "case_id": case.pk,
        "prediction_id": prediction.pk,
        "study": case.study.study_instance_uid,
        "series": instance.series.series_instance_uid,
        "sop": instance.sop_instance_uid,
    }


def _add_clinic(world: World) -> None:
    """The study that is to be read unseen is also in a project that shows AI from the start."""
    make.FindingFactory(project=world.clinic, code="pneumonia")
    make.DeploymentFactory(project=world.clinic)
    case = world.cases["case"]
    twin = make.CaseFactory(project=world.clinic, study=case.study, instance=False)
    for instance in case.instances.all():
        make.CaseInstanceFactory(case=twin, instance=instance)
    _answer(world, "twin", twin, 0.75)
    for probability in (0.3, 0.6):
        _answer(world, "clinic", make.CaseFactory(project=world.clinic), probability)
    del world.subjects["clinic"]  # nothing there is hidden but by the twin


def _read_with_ai(client: Client, case: Case) -> None:
    """A colleague locks an impression, sees the AI and signs, silent on what the model denies."""
    everything = acts.said("pneumonia rejected", "nodule accepted", "mass rejected")
    _ok(acts.reveal(client, case, _reading(case, everything)))
    region = {
        "roi_id": str(case.pk),
        "finding": "nodule",
        "sop_instance_uid": case.instances.first().sop_instance_uid,
        "frame_number": 1,
        "kind": "freehand",
        "vertices": [[0, 0], [2, 0], [2, 1.5]],
    }
    body = _reading(case, [], revision=1, sees_ai=True) | {"rois": [region]}
    _ok(acts.sign(client, case, body))


def _reading(
    case: Case, decisions: Sequence[Any], *, revision: int = 0, sees_ai: bool = False
) -> dict[str, Any]:
    answer = CasePrediction.objects.get(case=case)
    return {
        "revision": revision,
        "decisions": decisions,
        "findings_text": "as read",
        "case_prediction_id": str(answer.pk) if sees_ai else None,
    }


def _ok(answer: Any) -> None:
    assert answer.status_code == 200, answer.content


# --- the other world -----------------------------------------------------------------------------

OTHER_ANSWERS: Final[dict[str, dict[str, Any]]] = {
    "other numbers": {"state": "done"},
    "abstained": {
        "state": "abstained",
        "probabilities": {},
        "thresholds": {},
        "reason_code": "not_applicable",
        "reason_params": {"field": "view"},
    },
    "failed": {
        "state": "failed",
        "probabilities": {},
        "thresholds": {},
        "reason_code": "decode_failed",
    },
}
VARIANTS: Final = (*OTHER_ANSWERS, "mixed", "no answer", "another champion")


def say_otherwise(world: World, variant: str) -> None:
    """Make the other world of this one; only inside a transaction that is rolled back."""
    _unguard(RoiRevision, SecondSignature, AuditEvent)
    hidden = CasePrediction.objects.filter(case__project__in=[world.project, world.clinic])
    for place, answer in enumerate(hidden.order_by("created_at")):
        names = list(OTHER_ANSWERS)
        name = names[place % 3] if variant == "mixed" else variant
        _change_answer(answer, **OTHER_ANSWERS.get(name, {}))
    if variant == "another champion":
        for project in (world.project, world.clinic):
            champion = make.DeploymentFactory(project=project, sequence=2).model_version
            answers = hidden.filter(case__project=project)
            answers = answers.exclude(case=world.everything["case_id"])
            answers.update(model_version=champion)
            Prediction.objects.filter(case_prediction__in=answers).update(model_version=champion)
    _change_signatures(world)
    if variant == "no answer":
        _rows(RoiRevision).update(case_prediction=None)
        for model in (Review, QueueEntry):
            model.objects.update(case_prediction=None)
        Prediction.objects.filter(case_prediction__in=hidden).delete()
        hidden.delete()


def _change_answer(answer: CasePrediction, **facts: Any) -> None:
    flipped = {code: 1 - value for code, value in answer.probabilities.items()}
    changed = {
        "probabilities": flipped,
        "urgency": 1 - answer.urgency,
        "uncertainty": 1 - answer.uncertainty,
        "top_probability": answer.top_probability / 2,
        "top_finding": "" if answer.top_finding else "pneumonia",
        "completed_at": answer.created_at + timedelta(microseconds=5),
        "thresholds": {code: 0.45 for code in flipped},
    } | facts
    CasePrediction.objects.filter(pk=answer.pk).update(**changed)
    is_done = changed["state"] == "done" if "state" in changed else True
    answer.predictions.update(
        state="done" if is_done else "quarantined" if changed["state"] == "failed" else "abstained",
        attempts=3,
        reason_code=changed.get("reason_code", ""),
        logits=[2.5, -3.25] if is_done else [],
        biases=[0.5, 0.25] if is_done else [],
        probabilities=[0.997, 0.003] if is_done else [],
        maps=b"\x00\x40" * 8 if is_done else None,
        map_shape=[2, 2, 2] if is_done else [],
        image_to_grid=[0.5, 0.0, 0.25, 0.0, 0.5, 0.0],
        model_sha256=make.sha256("another model"),
        preprocess_sha256=make.sha256("another preprocessing"),
        timings_ms={"features": 1234.5},
        completed_at=changed["completed_at"],
    )


def _change_signatures(world: World) -> None:
    """What colleagues signed stays; what it says of the model and of their silence changes."""
    reviews = Review.objects.filter(case__project=world.project)
    said_nothing = ReviewDecision.objects.filter(review__in=reviews)
    implied = said_nothing.filter(verdict="implied")
    was_implied = list(implied.values_list("pk", flat=True))
    said_nothing.filter(verdict="not_assessed").update(verdict="implied")
    said_nothing.filter(pk__in=was_implied).update(verdict="not_assessed")
    said_nothing.update(ai_probability=0.125, ai_threshold=0.75)
    for review in reviews:
        _rows(Review).filter(pk=review.pk).update(
            ai_visible=not review.ai_visible,
            read_before_ai=not review.read_before_ai,
            content_sha256=make.sha256(("other", review.pk)) if review.version else "",
        )
    _rows(RoiRevision).filter(review__in=reviews).update(ai_visible=False)
    _rows(SecondSignature).update(content_sha256=make.sha256("other"))
    _rows(AuditEvent).filter(action="review.signed").update(
        detail={"content_sha256": make.sha256("other"), "meaning": "reading without AI"}
    )
    QueueEntry.objects.filter(case__project=world.project).update(
        ai_probability=0.125, ai_threshold=0.75, ai_visible=False, label_before_ai=None
    )


def _unguard(*models: type[AppendOnlyModel]) -> None:
    """Switch the database's guard off, as only its owner can."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in (model._meta.db_table for model in models):
            if connection.vendor == "postgresql":
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
                continue
            for act in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER {table}_no_{act}")


def _rows(model: type[Model]) -> QuerySet[Any]:
    """The rows without the manager that refuses."""
    return QuerySet(model)


# --- observing -----------------------------------------------------------------------------------

ORDERINGS: Final = ("priority", "received", "patient", "study_date", "status", "probability")
WORKLISTS: Final[tuple[dict[str, Any], ...]] = (
    *({"ordering": f"{sign}{name}"} for name in ORDERINGS for sign in ("", "-")),
    *({"finding": [code]} for code in ("pneumonia", "nodule")),
    *({"priority": [level]} for level in ("stat", "high", "normal", "low")),
    *({"status": [status]} for status in ("unread", "draft", "signed")),
    *({"offset": offset, "limit": 3} for offset in (0, 3, 6)),
    {"search": "zhang"},
)
FEW_WORKLISTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"ordering": "-probability"},
    {"finding": ["pneumonia"]},
    {"priority": ["stat"]},
)
COMPLETE: Final = acts.said("pneumonia rejected", "nodule rejected", "mass rejected")
NEW_READING: Final = {"revision": 0, "decisions": COMPLETE, "findings_text": "new"}
INCOMPLETE: Final = NEW_READING | {"decisions": COMPLETE[:1]}

# HEAD is GET without its body: asked of the case itself, and of one that a colleague has signed.
HEADS: Final = {"case", "signed", "everything"}
OF_THE_CLOCK: Final = {"Date", "Expires"}
# Of a multipart answer the boundary, and of a page the nonce, is drawn for each answer.
DRAWN: Final = re.compile(rb'(boundary=|--|nonce-|nonce=")[\w+/=-]{16,}')
# What an act answers of rows that it has just made.
MADE: Final = re.compile(
    rb'[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|"[\dT:.-]{19,}Z"|\d+\.\d+'
)


def observe(
    world: World, client: Client, *, only: Iterable[str] = (), of: Iterable[str] = ()
) -> Observation:
    """Ask for everything that a browser can ask for.

    Quicker with `only` some routes, or `of` some subjects (and then with a few worklists).
    """
    seen: Observation = {}
    names, wanted = sorted(set(of) or set(world.subjects)), set(only)
    for route, pattern in routes().items():
        if wanted and route not in wanted:
            continue
        needed = pattern.pattern.converters
        # What refuses GET on one object, or names none, answers the same for all of them.
        named = names if needed and "GET" in TABLE[route] else names[:1]
        for name in named:
            kwargs = {key: world.subjects[name][key] for key in needed}
            path = "/" if route == "app" else reverse(route, kwargs=kwargs)
            for method in ("GET", "HEAD") if name in HEADS else ("GET",):
                seen[f"{method} {route} {name}"] = _ask(client, method, path)
    if not wanted or "worklist" in wanted:
        queries = FEW_WORKLISTS if of else WORKLISTS
        seen |= dict(_worklists(world, client, queries))
    return seen


def _worklists(
    world: World, client: Client, queries: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, Seen]]:
    for project in (world.project, world.clinic):
        path = reverse("worklist", kwargs={"project_id": project.pk})
        for query in queries:
            yield f"POST worklist {project} {query}", _ask(client, "POST", path, query)


def attempt(world: World, client: Client, *, of: Iterable[str] = ()) -> Observation:
    """Try every act of a reviewer, each undone; what an answer says of new rows is left out."""
    seen: Observation = {}
    bodies: list[tuple[str, str, dict[str, Any]]] = [
        ("case-predict", "POST", {}),
        ("case-claim", "POST", {}),
        ("review-draft", "PUT", NEW_READING),
        ("review-sign", "POST", NEW_READING),
        ("ai-reveal", "POST", INCOMPLETE),
        ("review-addendum", "POST", {"reason": "measured again"}),
        ("second-signature", "POST", {"content_sha256": "0" * 64}),
        ("critical-acknowledge", "POST", {"informed": "ward 3"}),
        ("review-withdraw", "POST", {}),
    ]
    for name in sorted(set(of) or set(world.subjects)):
        for route, method, body in bodies:
            needed = routes()[route].pattern.converters
            path = reverse(route, kwargs={key: world.subjects[name][key] for key in needed})
            with transaction.atomic():
                answer = _ask(client, method, path, body, hides=MADE)
                transaction.set_rollback(True)
            seen[f"{method} {route} {name}"] = answer
    return seen


def _ask(
    client: Client,
    method: str,
    path: str,
    body: Any = None,
    *,
    hides: re.Pattern[bytes] = DRAWN,
) -> Seen:
    sent: dict[str, Any] = {}
    if body is not None:
        sent = {
            "data": body,
            "content_type": "application/json",
            "headers": {"Idempotency-Key": "k" * 32},
        }
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method.lower())(path, **sent)
        content = b"".join(response) if response.streaming else response.content
    headers = [
        (name, hides.sub(b"", value.encode()).decode())
        for name, value in response.items()
        if name not in (OF_THE_CLOCK | {"Content-Length"} if hides is MADE else OF_THE_CLOCK)
    ]
    cookies = [("Set-Cookie", name) for name in response.cookies]
    return Seen(
        response.status_code,
        tuple(sorted([*headers, *cookies])),
        hides.sub(b"", content),
        len(queries),
    )


def differences(
    one: Observation, other: Observation, *, but_queries_of: Iterable[str] = ()
) -> list[str]:
    """The requests whose answers tell the two worlds apart; of some routes not by their queries."""
    assert set(one) == set(other)

    def compared(request: str, answer: Seen) -> Seen:
        is_left_out = request.split()[1] in but_queries_of
        return replace(answer, query_count=0) if is_left_out else answer

    return [each for each in one if compared(each, one[each]) != compared(each, other[each])]
