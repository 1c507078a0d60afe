"""A reading round with its people, each with a browser of their own; acts go through HTTP."""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from apps.cases.models import Case, Finding, Project, User
from apps.feedback.labeling.models.rounds import ReadingRound, RoundCase
from apps.feedback.services import rounds_settle
from tests.factories import (
    CaseFactory,
    FindingFactory,
    GuidelineFactory,
    MembershipFactory,
    ProjectFactory,
    ReadingRoundFactory,
    RoundCaseFactory,
    RoundMemberFactory,
    RoundPolicyFactory,
    UserFactory,
)

LogIn = Callable[[User | None], Client]


@dataclass
class Person:
    """A member of the round and their browser."""

    user: User
    client: Client
    room: "Room"

    def send(self, method: str, path: str, body: object = None, *, key: str = "") -> Any:
        """Send JSON and give the response."""
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self.client.generic(
            method,
            path,
            b"" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers,
        )

    def got(self, method: str, path: str, body: object = None, *, key: str = "") -> Any:
        """Send JSON, insist on success, give the JSON answer."""
        response = self.send(method, path, body, key=key)
        assert response.status_code < 300, (path, response.status_code, response.content)
        return response.json() if response.content else None

    def next(self, *, ahead: bool = False, load: bool = False) -> dict[str, Any]:
        path = f"/api/label-rounds/{self.room.round.pk}/next"
        answer: dict[str, Any] = self.got("POST", path, {"ahead": ahead, "load": load})
        return answer

    def open(self, read_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.got("POST", f"/api/reads/{read_id}/open")
        return answer

    def take(self) -> dict[str, Any]:
        """Open what comes next."""
        return self.open(self.next()["read_id"])

    def lock(self, read: dict[str, Any], content: dict[str, Any], *, key: str = "") -> Any:
        """Lock a read that was opened; give the response."""
        body = {
            "revision": read["revision"],
            "content": content,
            "active_s": 3.5,
            "confirmed": True,
        }
        return self.send("POST", f"/api/reads/{read['read_id']}/lock", body, key=key)

    def read_next(self, content: dict[str, Any]) -> dict[str, Any]:
        """Open what comes next and lock it; give the read as it was opened."""
        read = self.take()
        response = self.lock(read, content)
        assert response.status_code == 200, response.content
        return read


@dataclass
class Room:
    """A project with two findings, a round over its cases, annotators and arbitrators."""

    project: Project
    nodule: Finding
    effusion: Finding
    round: ReadingRound
    log_in: LogIn
    cases: list[Case] = field(default_factory=list)
    annotators: list[Person] = field(default_factory=list)
    arbitrators: list[Person] = field(default_factory=list)

    def round_case(self, case: Case) -> RoundCase:
        return RoundCase.objects.get(round=self.round, case=case, purpose="primary")

    def join(self, role: str, **facts: Any) -> Person:
        """Bring a new person into the round."""
        user = UserFactory()
        MembershipFactory(user=user, project=self.project, role=role)
        RoundMemberFactory(round=self.round, user=user, role=role, **facts)
        person = Person(user, self.log_in(user), self)
        (self.annotators if role == "annotator" else self.arbitrators).append(person)
        return person

    def add_case(self, *, readers: int = 2, **facts: Any) -> Case:
        case = CaseFactory(project=self.project)
        RoundCaseFactory(
            round=self.round,
            case=case,
            readers=readers,
            open_slots=readers,
            unfinal=readers,
            **facts,
        )
        self.cases.append(case)
        return case


def make_room(
    log_in: LogIn,
    *,
    cases: int = 1,
    annotators: int = 2,
    arbitrators: int = 1,
    readers: int = 2,
    **rules: Any,
) -> Room:
    """Build an open round; `rules` are fields of its policy."""
    project = ProjectFactory()
    nodule = FindingFactory(project=project, code="nodule", position=1)
    effusion = FindingFactory(
        project=project,
        code="effusion",
        position=2,
        kind="graded",
        grades=["small", "medium", "large"],
    )
    reading_round = ReadingRoundFactory(project=project)
    rules.setdefault(
        "findings",
        [{"code": "nodule", "compares_rois": True}, {"code": "effusion", "grade_tolerance": 1}],
    )
    RoundPolicyFactory(
        round=reading_round, version=1, content={**rules, "readers_per_case": readers}
    )
    GuidelineFactory(round=reading_round, version=1)
    room = Room(project, nodule, effusion, reading_round, log_in)
    for _ in range(annotators):
        room.join("annotator")
    for _ in range(arbitrators):
        room.join("arbitrator")
    for _ in range(cases):
        room.add_case(readers=readers)
    return room


def said(
    nodule: str = "absent",
    effusion: str = "absent",
    *,
    grade: str = "",
    rois: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> dict[str, Any]:
    """Give the content of a read."""
    return {
        "answers": [
            {"finding": "nodule", "value": nodule, "grade": "", "confidence": 4},
            {"finding": "effusion", "value": effusion, "grade": grade, "confidence": None},
        ],
        "rois": list(rois),
        "measurements": [],
        "nothing_found": False,
        "quality": [],
        "unreadable": False,
        "unreadable_reason": "",
        "comment": "",
        **more,
    }


def roi(read: dict[str, Any], *box: float, finding: str = "nodule") -> dict[str, Any]:
    """Draw a rectangle (left, top, right, bottom) on the first image of a read."""
    left, top, right, bottom = box
    return {
        "roi_id": str(uuid.uuid4()),
        "finding": finding,
        "sop_instance_uid": read["series"][0]["instances"][0]["sop_instance_uid"],
        "frame_number": 1,
        "kind": "rectangle",
        "vertices": [[left, top], [right, top], [right, bottom], [left, bottom]],
        "laterality": "",
    }


UNREADABLE = {
    **said(),
    "answers": [],
    "unreadable": True,
    "unreadable_reason": "nothing can be seen",
}


def settle() -> None:
    """Carry everything as far as it goes."""
    while rounds_settle():
        pass
