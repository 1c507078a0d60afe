"""The admin of a round and a browser of their own; acts go through HTTP."""

import json
from typing import Any

from django.test import Client

from apps.feedback.labeling.models.rounds import ReadingRound
from tests.factories import (
    CaseFactory,
    FindingFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)
from tests.feedback.labeling.room import Person, Room


class Desk:
    """An admin of a project with two findings and six cases."""

    def __init__(self, log_in: Any) -> None:
        self.log_in = log_in
        self.project = ProjectFactory()
        FindingFactory(project=self.project, code="nodule", minimum_size_mm=3.0)
        FindingFactory(project=self.project, code="effusion")
        self.cases = [CaseFactory(project=self.project) for _ in range(6)]
        self.admin = UserFactory()
        MembershipFactory(user=self.admin, project=self.project, role="admin")
        self.client: Client = log_in(self.admin)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        return self.client.generic(
            method, path, json.dumps(body or {}), content_type="application/json"
        )

    def got(self, method: str, path: str, body: Any = None) -> Any:
        response = self.send(method, path, body)
        assert response.status_code < 300, (path, response.status_code, response.content)
        return response.json() if response.content else None

    def draft(self, name: str = "Nodules") -> dict[str, Any]:
        made: dict[str, Any] = self.got(
            "POST", f"/api/projects/{self.project.pk}/rounds", {"name": name}
        )
        return made

    def hire(self, role: str) -> Any:
        user = UserFactory()
        MembershipFactory(user=user, project=self.project, role=role)
        return user


def ready(desk: Desk, *, readers: int = 2) -> str:
    """A draft with everything that it needs; give its path."""
    made = desk.draft()
    path = f"/api/rounds/{made['round_id']}"
    content = {**made["policy"]["content"], "readers_per_case": readers, "release": "manual"}
    desk.got("POST", f"{path}/policy", {"content": content})
    desk.got("POST", f"{path}/guideline", {"text": "A nodule counts from 3 mm."})
    for role in ("annotator",) * readers + ("arbitrator",):
        desk.got("POST", f"{path}/members", {"user_id": str(desk.hire(role).pk), "role": role})
    desk.got("POST", f"{path}/cases", {})
    return path


def room_of(desk: Desk, path: str) -> Room:
    """The people of a round, at their own browsers."""
    reading_round = ReadingRound.objects.get(pk=path.rsplit("/", 1)[-1])
    nodule, effusion = desk.project.findings.order_by("code").reverse()
    room = Room(desk.project, nodule, effusion, reading_round, desk.log_in)
    for member in reading_round.members.order_by("created_at"):
        person = Person(member.user, desk.log_in(member.user), room)
        (room.annotators if member.role == "annotator" else room.arbitrators).append(person)
    return room
