"""Every route × method × role × relation, compared with ORACLE: a table written by hand.

access.TABLE drives the code; ORACLE says the same a second time, in other words, so that weakening,
removing or forgetting a rule fails here. A refusal tells nothing: what is foreign and what does not
exist answer byte for byte the same, and nothing is written.
"""

import io
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from PIL import Image

from apps import blobs
from apps.cases import access
from apps.cases.models import Membership, Role, User
from apps.feedback.labeling.selectors.images import ReadUids
from tests import factories as make

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

EVERYBODY = "everybody"
LOGGED_IN = "logged in"
ADMIN_ANYWHERE = "admin of any project"  # the route names no project
LABELS_ANYWHERE = "annotator or arbitrator of any project"
# On objects: roles in the object's own project; "reads" is the person whose read it is, "seat" who
# decides there, "member" whoever has a place in the round.
RADIOLOGIST = {"radiologist"}
ADMIN = {"admin"}
READER = {"radiologist", "admin"}
OWN_READ = {"reads"}
OWN_SEAT = {"seat"}
IN_ROUND = {"member"}

ORACLE: dict[str, dict[str, Any]] = {
    "app": {"GET": EVERYBODY},
    "health": {"GET": EVERYBODY},
    "csp-report": {"POST": EVERYBODY},
    "headless:browser:config": {"GET": EVERYBODY},
    "headless:browser:account:login": {"POST": EVERYBODY},
    "headless:browser:account:current_session": {"GET": EVERYBODY, "DELETE": EVERYBODY},
    "session": {"GET": EVERYBODY, "PATCH": LOGGED_IN},
    "draft-key": {"GET": LOGGED_IN},
    "status": {"GET": LOGGED_IN},
    "projects": {"GET": LOGGED_IN, "POST": ADMIN_ANYWHERE},
    "projects-administered": {"GET": ADMIN_ANYWHERE},
    "project-settings": {"GET": ADMIN, "PATCH": ADMIN},
    "project-policies": {"POST": ADMIN},
    "project-findings": {"POST": ADMIN},
    "project-finding": {"PATCH": ADMIN},
    "members": {"GET": ADMIN},
    "member-role": {"PUT": ADMIN, "DELETE": ADMIN},
    "member-deactivate": {"POST": ADMIN},
    "member-activate": {"POST": ADMIN},
    "member-reset-link": {"POST": ADMIN},
    "invitations": {"GET": ADMIN, "POST": ADMIN},
    "invitation-revoke": {"POST": ADMIN},
    "join-look": {"POST": EVERYBODY},
    "join": {"POST": EVERYBODY},
    "join-as-me": {"POST": LOGGED_IN},
    "reset-look": {"POST": EVERYBODY},
    "reset": {"POST": EVERYBODY},
    "audit": {"GET": ADMIN},
    "audit-verify": {"POST": ADMIN},
    "system": {"GET": ADMIN_ANYWHERE},
    "worklist": {"POST": READER},
    "case-review": {"GET": READER},
    "review-draft": {"PUT": RADIOLOGIST},
    "review-sign": {"POST": RADIOLOGIST},
    "case-predict": {"POST": READER},
    "project-predict": {"POST": ADMIN},
    "prediction-maps": {"GET": READER},
    "prediction-retry": {"POST": ADMIN},
    "stuck-predictions": {"GET": ADMIN},
    "stuck-predictions-retry": {"POST": ADMIN},
    "upload": {"POST": READER},
    "ingest-failures": {"GET": ADMIN},
    "ingest-failure-resolve": {"POST": ADMIN},
    "review-addendum": {"POST": RADIOLOGIST},
    "review-withdraw": {"POST": RADIOLOGIST},
    "second-signature": {"POST": RADIOLOGIST},
    "critical-acknowledge": {"POST": RADIOLOGIST},
    "ai-reveal": {"POST": RADIOLOGIST},
    "case-claim": {"POST": RADIOLOGIST, "DELETE": RADIOLOGIST},
    "case-prior": {"GET": READER},
    "case-history": {"GET": READER},
    "phrases": {"GET": READER, "POST": READER},
    "phrase": {"DELETE": ADMIN},  # the target's is the project's own
    "queue-entries": {"GET": ADMIN},
    "queue-exclude": {"POST": ADMIN},
    "queue-entry-approve": {"POST": ADMIN},
    "queue-entry-exclude": {"POST": ADMIN},
    "queue-entry-take-back": {"POST": ADMIN},
    "queue-samples": {"POST": ADMIN},
    "queue-sample": {"GET": ADMIN},
    "queue-sample-approve": {"POST": ADMIN},
    "snapshots": {"GET": ADMIN, "POST": ADMIN},
    "snapshot-preview": {"GET": ADMIN},
    "snapshot": {"GET": ADMIN},
    "models": {"GET": ADMIN},
    "model-promote": {"POST": ADMIN},
    "model-rollback": {"POST": ADMIN},
    "runs": {"GET": ADMIN, "POST": ADMIN},
    "run": {"GET": ADMIN},
    "run-cancel": {"POST": ADMIN},
    "run-resume": {"POST": ADMIN},
    "rounds": {"GET": ADMIN, "POST": ADMIN},
    "round-setup": {"GET": ADMIN},
    "round-policy": {"POST": ADMIN},
    "round-guideline": {"POST": ADMIN},
    "round-guideline-pictures": {"POST": ADMIN},
    "round-guideline-picture": {"GET": ADMIN},
    "round-members": {"POST": ADMIN},
    "round-member": {"PATCH": ADMIN},
    "round-cases": {"GET": ADMIN, "POST": ADMIN},
    "round-cases-remove": {"POST": ADMIN},
    "round-known-cases": {"POST": ADMIN},
    "round-case-readers": {"POST": ADMIN},
    "round-case-cancel": {"POST": ADMIN},
    "round-case-reopen": {"POST": ADMIN},
    "round-case-reassign": {"POST": ADMIN},
    "round-open": {"POST": ADMIN},
    "round-close": {"POST": ADMIN},
    "round-cancel": {"POST": ADMIN},
    "round-release": {"POST": ADMIN},
    "round-progress": {"GET": ADMIN},
    "round-questions": {"GET": ADMIN},
    "round-question-answer": {"POST": ADMIN},
    "round-statistics": {"GET": ADMIN, "POST": ADMIN},
    "round-export-csv": {"GET": ADMIN},
    "round-export-json": {"GET": ADMIN},
    "round-certificate": {"GET": ADMIN},
    "label-rounds": {"GET": LABELS_ANYWHERE},
    "label-next": {"POST": IN_ROUND},
    "label-reads": {"GET": IN_ROUND},
    "label-guideline": {"GET": IN_ROUND},
    "label-guideline-picture": {"GET": IN_ROUND},
    "read": {"GET": OWN_READ},
    "read-open": {"POST": OWN_READ},
    "read-draft": {"PUT": OWN_READ},
    "read-lock": {"POST": OWN_READ},
    "read-take-back": {"POST": OWN_READ},
    "read-skip": {"POST": OWN_READ},
    "read-recuse": {"POST": OWN_READ},
    "read-question": {"POST": OWN_READ},
    "read-heartbeat": {"POST": OWN_READ},
    "read-result": {"GET": OWN_READ},
    "read-metadata": {"GET": OWN_READ},
    "read-frame": {"GET": OWN_READ},
    "read-thumbnail": {"GET": OWN_READ},
    "arbitration": {"GET": OWN_SEAT},
    "arbitration-draft": {"PUT": OWN_SEAT},
    "arbitration-decide": {"POST": OWN_SEAT},
    "wado-study-metadata": {"GET": READER},
    "wado-series-metadata": {"GET": READER},
    "wado-instance-metadata": {"GET": READER},
    "wado-frame": {"GET": READER},
    "wado-thumbnail": {"GET": READER},
    "wado-instance": {"GET": READER},
}


@dataclass
class Target:
    """What a request names: everything of one case, or (project None) nothing that exists."""

    name: str
    project: Any
    kwargs: dict[str, Any]
    hidden: dict[str, Any] = field(default_factory=dict)
    """What the read calls its images."""
    people: dict[str, User] = field(default_factory=dict)
    """Who "reads", who has the "seat", who else is a "member" of the round."""


@dataclass
class Actor:
    """Who asks: a browser, their project and role, and what of which target is theirs."""

    name: str
    browser: Client
    project: Any = None
    role: str = ""
    holds: set[tuple[str, str]] = field(default_factory=set)
    is_known: bool = True


@dataclass
class World:
    actors: list[Actor]
    targets: list[Target]


def routes() -> dict[str, URLPattern]:
    """Every route of the resolver by its full name."""

    def walk(patterns: list[Any], namespaces: tuple[str, ...]) -> Iterator[tuple[str, URLPattern]]:
        for each in patterns:
            if isinstance(each, URLResolver):
                inner = (*namespaces, each.namespace) if each.namespace else namespaces
                yield from walk(each.url_patterns, inner)
            else:
                yield ":".join((*namespaces, each.name or "")), each

    found = list(walk(get_resolver().url_patterns, ()))
    assert len(dict(found)) == len(found), "two routes have one name"
    return dict(found)


def target_of(name: str, project: Any, bytes_sha256: str) -> Target:
    case = make.CaseFactory(
        project=project,
        instance__stored_sha256=bytes_sha256,
        instance__rendition_sha256=bytes_sha256,
        instance__thumbnail_sha256=bytes_sha256,
    )
    instance = case.instances.get()
    version = make.ModelVersionFactory(weights_sha256=bytes_sha256)
    prediction = make.PredictionFactory(
        case_prediction__case=case, case_prediction__model_version=version
    )
    entry = make.QueueEntryFactory(
        decision__review__case=case, decision__finding=project.findings.get()
    )
    labeled = round_of(case, bytes_sha256)
    read = labeled["read"]
    kwargs = {
        "round_id": read.round_case.round_id,
        "read_id": read.pk,
        "arbitration_id": labeled["seat"].pk,
        "round_case_id": read.round_case_id,
        "member_id": read.round_case.round.members.first().pk,
        "question_id": make.ReadQuestionFactory(read=read).pk,
        "sha256": bytes_sha256,
        "project_id": project.pk,
        "entry_id": entry.pk,
        "sample_id": make.QueueSampleEntryFactory(entry=entry).sample_id,
        "snapshot_id": make.SnapshotFactory(project=project).pk,
        "case_id": case.pk,
        "prediction_id": prediction.pk,
        "review_id": make.SignedReviewFactory(case=case).pk,
        "phrase_id": make.PhraseFactory(project=project).pk,
        "failure_id": make.IngestFailureFactory(project=project).pk,
        "user_id": make.MembershipFactory(project=project, role="radiologist").user_id,
        "role": "annotator",
        "invitation_id": make.InvitationFactory(project=project).pk,
        "finding_id": project.findings.first().pk,
        "model_id": version.pk,
        "run_id": make.TrainingRunFactory(project=project, parent=version).pk,
        "study": case.study.study_instance_uid,
        "series": instance.series.series_instance_uid,
        "sop": instance.sop_instance_uid,
        "numbers": [1],
    }
    hidden = {key: ReadUids(read.pk).hidden(kwargs[key]) for key in ("study", "series", "sop")}
    return Target(name, project, kwargs, hidden, labeled["people"])


def round_of(case: Any, picture_sha256: str) -> dict[str, Any]:
    """A round over a case: a final read with a result, and a seat whose reads are shown."""
    reading_round = make.ReadingRoundFactory(project=case.project, released_at=timezone.now())
    code = case.project.findings.first().code
    policy = make.RoundPolicyFactory(
        round=reading_round,
        version=1,
        content={"findings": [{"code": code}], "shows_result_to_reader": True},
    )
    picture = {"sha256": picture_sha256, "content_type": "image/jpeg", "caption": ""}
    make.GuidelineFactory(round=reading_round, version=1, pictures=[picture])
    people = {name: make.UserFactory() for name in ("reads", "seat", "member")}
    for name, user in people.items():
        role = "arbitrator" if name == "seat" else "annotator"
        make.RoundMemberFactory(round=reading_round, user=user, role=role)
        make.MembershipFactory(project=case.project, user=user, role=role)
    now = timezone.now()
    final = {"state": "final", "opened_at": now, "locked_at": now, "final_at": now}
    known = {"answers": [{"finding": code, "value": "absent", "grade": ""}]}
    round_case = make.RoundCaseFactory(round=reading_round, case=case, state="arbitration")
    make.GoldAnswerFactory(round_case=round_case, content=known)
    make.ComparisonFactory(
        round_case=round_case, policy=policy, detail={"reasons": [], "findings": []}
    )
    read = make.ReadFactory(round_case=round_case, reader=people["reads"], slot=1, **final)
    own = make.ReadFactory(
        round_case=round_case, reader=people["seat"], kind="arbitrator", slot=1, **final
    )
    seat = make.ArbitrationFactory(
        round_case=round_case,
        state="revealed",
        arbitrator=people["seat"],
        read=own,
        revealed_at=now,
        order=[str(read.pk)],
    )
    make.ReadLockFactory(read=read, policy=policy, content=known)
    return {"read": read, "seat": seat, "people": people}


def nothing() -> Target:
    ids = (
        *("project_id", "case_id", "prediction_id", "failure_id", "model_id"),
        *("run_id", "review_id", "phrase_id", "user_id", "invitation_id", "finding_id"),
        *("entry_id", "sample_id", "snapshot_id", "round_id", "read_id", "arbitration_id"),
        *("round_case_id", "member_id", "question_id"),
    )
    uids = ("study", "series", "sop")
    kwargs = {name: uuid.uuid4() for name in ids} | {name: make.uid() for name in uids}
    kwargs |= {"numbers": [1], "role": "annotator", "sha256": "0" * 64}
    return Target("nothing", None, kwargs, kwargs)


@pytest.fixture
def world(log_in, page, tmp_path) -> Iterator[World]:
    """Two projects, two rounds in ours; people of every kind, some with a place in a round."""
    ours, theirs = make.ProjectFactory(), make.ProjectFactory()
    for project in (ours, theirs):
        make.FindingFactory(project=project, code="pneumonia")
    (tmp_path / "bytes").write_bytes(b"\xff\xd8\xff" + bytes(97))
    sha256 = blobs.put_file(tmp_path / "bytes")
    targets = [
        target_of("case", ours, sha256),
        target_of("other case", ours, sha256),
        target_of("foreign case", theirs, sha256),
        nothing(),
    ]
    case, other_case, foreign, _ = targets

    def member(name: str, project: Any, role: str) -> Actor:
        user = make.UserFactory()
        make.MembershipFactory(user=user, project=project, role=role)
        return Actor(name, log_in(user), project, role)

    def labeler(name: str, target: Target, holds: str) -> Actor:
        role = "arbitrator" if holds == "seat" else "annotator"
        held = {(holds, target.name), ("member", target.name)}
        return Actor(name, log_in(target.people[holds]), target.project, role, held)

    deactivated = member("deactivated radiologist", ours, "radiologist")
    User.objects.filter(pk=deactivated.browser.session["_auth_user_id"]).update(is_active=False)
    deactivated.is_known = False
    # a place in a round, and a read, outlive neither the membership of the project nor its role
    stray = labeler("annotator who has left for another project", other_case, "reads")
    Membership.objects.filter(user=other_case.people["reads"]).update(project=theirs)
    stray.project, stray.holds = theirs, set()
    actors = [
        Actor("anonymous", log_in(None), is_known=False),
        Actor("logged in without a role", log_in(make.UserFactory())),
        member("radiologist", ours, "radiologist"),
        member("admin", ours, "admin"),
        labeler("annotator A", case, "reads"),
        labeler("annotator B", case, "member"),
        labeler("arbitrator", case, "seat"),
        member("foreign radiologist", theirs, "radiologist"),
        member("foreign admin", theirs, "admin"),
        labeler("foreign annotator", foreign, "reads"),
        stray,
        deactivated,
    ]
    logging.disable(logging.CRITICAL)  # thousands of lines
    yield World(actors, targets)
    logging.disable(logging.NOTSET)


def expected(rule: Any, actor: Actor, target: Target) -> str:
    """What ORACLE says: granted, 401 or 404."""
    if rule is None:
        return "404"
    if rule == EVERYBODY:
        return "granted"
    if not actor.is_known:
        return "401"
    if rule == LOGGED_IN:
        return "granted"
    if rule == ADMIN_ANYWHERE:
        return "granted" if actor.role == "admin" else "404"
    if rule == LABELS_ANYWHERE:
        return "granted" if actor.role in {"annotator", "arbitrator"} else "404"
    is_own = target.project is not None and actor.project == target.project
    by_role = is_own and actor.role in rule
    by_place = any((each, target.name) in actor.holds for each in rule)
    return "granted" if by_role or by_place else "404"


def body_of(route: str, target: Target) -> dict[str, Any]:
    """Keyword arguments of a request that a permitted person may send."""
    if route == "upload":
        return {"data": {"file": SimpleUploadedFile("a.txt", b"no DICOM")}}
    if route == "round-guideline-pictures":
        held = io.BytesIO()
        Image.new("L", (2, 2)).save(held, "PNG")
        return {"data": {"file": SimpleUploadedFile("a.png", held.getvalue())}}
    absent = {"finding": "pneumonia", "value": "absent"}
    content = {"answers": [absent], "rois": [], "measurements": [], "quality": []}
    read = {"revision": 0, "content": {**content, "nothing_found": False, "unreadable": False}}
    join = {"token": "t" * 43, "username": "new", "password": make.PASSWORD}
    finding = {"code": "new", "name_en": "New", "name_zh": "新"}
    bodies: dict[str, Any] = {
        "projects": {**finding, "ai_display": "from_start", "findings": [finding]},
        "project-policies": {
            "after_version": 1,
            "ai_display": "on_request",
            "second_signature": False,
            "reason": "why",
        },
        "project-findings": finding,
        "invitations": {"roles": ["annotator"]},
        **dict.fromkeys(["join-look", "join", "join-as-me", "reset-look", "reset"], join),
        "session": {"language": "en"},
        "label-next": {"ahead": False},
        "rounds": {"name": "Another"},
        "round-policy": {"content": {"findings": [{"code": "pneumonia"}]}, "reason": "why"},
        "round-guideline": {"text": "From 3 mm."},
        "round-members": {
            "user_id": str(target.people["member"].pk if target.people else uuid.uuid4()),
            "role": "annotator",
        },
        "round-member": {"cap": 5},
        "round-cases-remove": {"round_case_ids": []},
        "round-known-cases": {
            "case_id": str(target.kwargs["case_id"]),
            "purpose": "gold",
            "content": read["content"],
        },
        "round-case-readers": {"readers": 3},
        **{
            route: {"reason": "why"}
            for route in (
                *("round-case-cancel", "round-case-reopen", "round-case-reassign"),
                *("round-close", "round-cancel", "round-release"),
            )
        },
        "round-question-answer": {"guideline_text": "From 3 mm.", "change": "size"},
        "read-draft": read,
        "read-lock": read,
        "read-skip": {"reason": "why"},
        "read-recuse": {"reason": "why"},
        "read-question": {"text": "Which size counts?"},
        "read-heartbeat": {"active_s": 1},
        "arbitration-draft": {"revision": 0, "draft": {"decisions": []}},
        "arbitration-decide": {"revision": 0, "decisions": []},
        "worklist": {},
        "review-draft": {"revision": 0, "decisions": [], "findings_text": ""},
        "review-sign": {"revision": 0, "decisions": [], "findings_text": ""},
        "ai-reveal": {"revision": 0, "decisions": [], "findings_text": ""},
        "review-addendum": {"reason": "measured again"},
        "second-signature": {"content_sha256": "0" * 64},
        "critical-acknowledge": {"informed": "ward 3"},
        "phrases": {"section": "findings", "title": "Clear", "text": "Both lungs are clear."},
        "runs": {"snapshot_id": str(target.kwargs["snapshot_id"])},
        "queue-entry-exclude": {"reason": "blurred"},
        "queue-exclude": {"reason": "blurred", "expected": 1},
    }
    return {"data": bodies.get(route, {}), "content_type": "application/json"}


def path_of(route: str, target: Target) -> str:
    if route == "app":
        return "/"
    names = set(routes()[route].pattern.converters)
    known = {**target.kwargs, **target.hidden} if route.startswith("read-") else target.kwargs
    return reverse(route, kwargs={name: known[name] for name in names})


def outcome(actor: Actor, route: str, method: str, target: Target) -> tuple[str, Any]:
    """Send the request, undo what it did, and tell how it ended (and the whole refusal)."""
    path = path_of(route, target)
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            sent = {} if method in ("GET", "HEAD", "OPTIONS") else body_of(route, target)
            if method == "POST" and route in ("review-sign", "read-lock", "arbitration-decide"):
                sent["headers"] = {"Idempotency-Key": uuid.uuid4().hex}
            response = getattr(actor.browser, method.lower())(path, **sent)
            if response.streaming:
                b"".join(response.streaming_content)
        transaction.set_rollback(True)
    if is_refusal(response, route):
        writes = [
            query["sql"]
            for query in queries.captured_queries
            if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))
        ]
        assert writes == [], "a refused request wrote to the database"
        refusal = (response.status_code, response.content, sorted(response.items()))
        return str(response.status_code), refusal
    return ("granted" if is_granted(response, route) else str(response.status_code)), None


def is_refusal(response: Any, route: str) -> bool:
    code = {401: b'"not_authenticated"', 404: b'"not_found"'}.get(response.status_code)
    if code is None:
        return False
    is_head = not response.content and not route.startswith("headless:")
    return is_head or code in response.content


def is_granted(response: Any, route: str) -> bool:
    """A view ran: done, or a conflict of state. allauth says 401 for "not logged in any more"."""
    by_allauth = route.startswith("headless:") and response.status_code in (400, 401, 409)
    return 200 <= response.status_code < 300 or response.status_code == 409 or by_allauth


def check(world: World, route: str) -> int:
    """Compare every cell of a route with ORACLE; the number of cells."""
    cells = 0
    for method in METHODS:
        rule = ORACLE[route].get("GET" if method == "HEAD" else method)
        for actor in world.actors:
            refusals = []
            # Without a rule nothing is looked up: two targets show it, all four where there is one.
            targets = world.targets if rule else [world.targets[0], world.targets[-1]]
            for target in targets:
                ended, refusal = outcome(actor, route, method, target)
                cell = f"{method} {route} by {actor.name} on {target.name}"
                assert ended == expected(rule, actor, target), cell
                refusals.append(refusal)
                cells += 1
            *others, of_nothing = refusals
            for refusal in others:
                assert refusal in (None, of_nothing), f"{method} {route}: the refusals differ"
    return cells


def test_every_route_has_a_rule_and_every_rule_a_route():
    assert set(routes()) == set(access.TABLE) == set(ORACLE)
    for route, rules in access.TABLE.items():
        assert set(rules) == set(ORACLE[route]), route


@pytest.mark.parametrize("route", sorted(ORACLE))
def test_the_matrix(world, route):
    ruled = len(ORACLE[route]) + ("GET" in ORACLE[route])  # HEAD goes with GET
    assert check(world, route) == 12 * (4 * ruled + 2 * (len(METHODS) - ruled))


@pytest.mark.parametrize(
    ("route", "method", "roles"),
    [
        ("queue-entries", "GET", frozenset(Role)),
        ("models", "GET", access.READERS),
        ("ingest-failures", "GET", access.READERS),
        ("worklist", "POST", access.ANYONE_LOGGED_IN),
        ("ingest-failures", "GET", access.PUBLIC),
        ("session", "DELETE", access.PUBLIC),
    ],
)
def test_the_matrix_notices_a_weakened_rule(world, monkeypatch, route, method, roles):
    relation = access.TABLE[route].get(method, access.Rule(roles)).relation
    weakened = {**access.TABLE[route], method: access.Rule(roles, relation)}
    monkeypatch.setitem(access.TABLE, route, weakened)
    with pytest.raises(Exception):  # noqa: B017  a failed cell, or a view without a person
        check(world, route)


@pytest.mark.parametrize("route", ["worklist", "wado-frame", "session", "read"])
def test_the_matrix_notices_a_removed_rule(world, monkeypatch, route):
    monkeypatch.setitem(access.TABLE, route, {})
    with pytest.raises(AssertionError):
        check(world, route)


def test_an_inactive_project_opens_nothing(as_role):
    case = make.CaseFactory()
    browser = as_role("radiologist", case.project)
    assert browser.get(f"/api/cases/{case.pk}/review").status_code == 200
    case.project.is_active = False
    case.project.save()
    assert browser.get(f"/api/cases/{case.pk}/review").status_code == 404
    assert browser.get("/api/projects").json() == []
