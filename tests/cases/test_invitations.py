"""Invitations: one link, one person, once; what opens nothing tells nothing."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.cases.models import AuditEvent, Membership, Project, User
from apps.cases.people.models import Invitation
from tests.factories import (
    PASSWORD,
    InvitationFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
    sha256,
)

pytestmark = pytest.mark.django_db

NEW = {"username": "zhou", "display_name": "Dr. Zhou", "password": PASSWORD}


def post(browser: Client, path: str, body: object = None, **extra: Any):
    return browser.post(path, body or {}, content_type="application/json", **extra)


def invite(browser: Client, project: Project, **facts: object) -> str:
    """Invite somebody and give the token."""
    answer = post(
        browser, f"/api/projects/{project.pk}/invitations", {"roles": ["radiologist"], **facts}
    )
    assert answer.status_code == 201
    token: str = answer.json()["token"]
    return token


def rows(browser: Client, project: Project) -> list[dict[str, Any]]:
    answer = browser.get(f"/api/projects/{project.pk}/invitations")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


@pytest.fixture
def project():
    return ProjectFactory(code="chest", name_en="Chest", name_zh="胸部")


@pytest.fixture
def admin(as_role, project):
    return as_role("admin", project)


@pytest.fixture
def nobody(log_in):
    return log_in(None)


def is_unusable(answer) -> bool:
    return answer.status_code == 409 and answer.json()["code"] == "link_unusable"


def test_an_invited_person_looks_joins_and_logs_in(admin, nobody, project):
    ProjectFactory()
    token = invite(admin, project, roles=["annotator", "radiologist"], display_name="Dr. Zhou")
    look = post(nobody, "/api/join/look", {"token": token}).json()
    inviter = User.objects.get(pk=admin.session["_auth_user_id"])
    assert look["project_name_zh"] == "胸部"
    assert look["roles"] == ["annotator", "radiologist"]
    assert (look["display_name"], look["invited_by"]) == ("Dr. Zhou", inviter.display_name)

    joined = post(nobody, "/api/join", {"token": token, **NEW, "language": "zh-hans"})
    assert joined.status_code == 201
    assert joined.json() == {"username": "zhou", "project_id": str(project.pk)}
    user = User.objects.get(username="zhou")
    assert (user.display_name, user.language) == ("Dr. Zhou", "zh-hans")
    assert (user.is_superuser, user.is_staff) == (False, False)
    assert set(Membership.objects.filter(user=user).values_list("project__code", "role")) == {
        ("chest", "annotator"),
        ("chest", "radiologist"),
    }
    login = post(
        nobody, "/_allauth/browser/v1/auth/login", {"username": "zhou", "password": PASSWORD}
    )
    assert login.status_code == 200
    assert [each["code"] for each in nobody.get("/api/projects").json()] == ["chest"]


def test_the_token_is_told_once_and_kept_as_a_hash(admin, project):
    token = invite(admin, project, note="From the third floor")
    other = invite(admin, project)
    assert token != other
    assert len(token) == 43  # 256 bits in base64
    stored = Invitation.objects.get(token_sha256=sha256(token))
    assert token not in str(Invitation.objects.filter(pk=stored.pk).values())
    listed = admin.get(f"/api/projects/{project.pk}/invitations")
    assert token.encode() not in listed.content
    assert token not in str(list(AuditEvent.objects.values()))
    week = stored.expires_at - stored.created_at
    assert timedelta(days=6, hours=23) < week <= timedelta(days=7)


def test_no_log_line_holds_a_token_or_a_password(admin, nobody, project, caplog):
    caplog.set_level("DEBUG")
    token = invite(admin, project)
    for path in ("/api/join/look", "/api/join", "/api/join", "/api/reset"):
        post(nobody, path, {"token": token, **NEW})
    assert "join" in caplog.text
    assert token not in caplog.text
    assert PASSWORD not in caplog.text


def test_the_acts_are_recorded_with_ids_only(admin, nobody, project):
    token = invite(admin, project, note="a remark about a person", display_name="Dr. Zhou")
    post(nobody, "/api/join", {"token": token, **NEW})
    user, inviter = User.objects.get(username="zhou"), admin.session["_auth_user_id"]
    events = AuditEvent.objects.exclude(action="user.logged_in").order_by("created_at")
    assert [(each.action, str(each.actor_id), each.project_id) for each in events] == [
        ("invitation.created", inviter, project.pk),
        ("user.created", "None", None),
        ("invitation.used", str(user.pk), project.pk),
        ("member.added", inviter, project.pk),
    ]
    assert "remark" not in str(list(events.values()))
    assert "Zhou" not in str(list(events.values()))


def test_a_token_works_once(admin, nobody, project):
    token = invite(admin, project)
    assert post(nobody, "/api/join", {"token": token, **NEW}).status_code == 201
    again = post(nobody, "/api/join", {"token": token, **NEW, "username": "second"})
    assert is_unusable(again)
    assert is_unusable(post(nobody, "/api/join/look", {"token": token}))
    assert not User.objects.filter(username="second").exists()
    assert Membership.objects.filter(project=project, role="radiologist").count() == 1
    (row,) = rows(admin, project)
    assert (row["state"], row["used_by"]) == ("used", "Dr. Zhou")


def test_what_opens_nothing_answers_the_same_whatever_was_wrong(
    admin, nobody, project, monkeypatch
):
    now = timezone.now()
    tokens = {"never": "n" * 43, "used": "u" * 43, "expired": "e" * 43, "revoked": "r" * 43}
    tokens |= {"cut off": "u" * 42, "no admin": "a" * 43, "switched off": "s" * 43}
    for name, ends in {
        "used": {"used_at": now},
        "expired": {"expires_at": now - timedelta(seconds=1)},
        "revoked": {"revoked_at": now},
        "no admin": {"created_by": MembershipFactory(project=project).user},
        "switched off": {"project": ProjectFactory(is_active=False)},
    }.items():
        InvitationFactory(**{"project": project, **ends}, token=tokens[name])
    before = (User.objects.count(), Membership.objects.count(), AuditEvent.objects.count())
    answers = {}
    for path in ("/api/join/look", "/api/join"):
        for name, token in tokens.items():
            body = {"token": token, **NEW}
            answer = post(nobody, path, body, REMOTE_ADDR=f"192.0.2.{len(answers)}")
            answers[path, name] = (answer.status_code, answer.content, sorted(answer.items()))
    mine = post(admin, "/api/join/as-me", {"token": tokens["expired"]})
    assert mine.status_code == 409
    assert len(set(map(str, answers.values()))) == 1
    assert answers["/api/join", "never"][0] == 409
    after = (User.objects.count(), Membership.objects.count(), AuditEvent.objects.count())
    assert after == before


def test_an_admin_who_lost_the_role_leaves_no_door_open(admin, as_role, nobody, project):
    token = invite(admin, project)
    other = as_role("admin", project)
    inviter = admin.session["_auth_user_id"]
    taken = other.delete(f"/api/projects/{project.pk}/members/{inviter}/roles/admin")
    assert taken.status_code == 200
    assert is_unusable(post(nobody, "/api/join", {"token": token, **NEW}))
    assert not User.objects.filter(username="zhou").exists()
    (row,) = rows(other, project)
    assert row["state"] == "revoked"


def test_a_withdrawn_invitation_opens_nothing(admin, nobody, project):
    token, kept = invite(admin, project), invite(admin, project)
    (row,) = [
        each
        for each in rows(admin, project)
        if each["id"] == str(Invitation.objects.get(token_sha256=sha256(token)).pk)
    ]
    path = f"/api/projects/{project.pk}/invitations/{row['id']}/revoke"
    assert post(admin, path).status_code == 204
    assert post(admin, path).status_code == 204  # again changes nothing
    assert AuditEvent.objects.filter(action="invitation.revoked").count() == 1
    assert is_unusable(post(nobody, "/api/join", {"token": token, **NEW}))
    assert post(nobody, "/api/join", {"token": kept, **NEW}).status_code == 201


def test_a_used_invitation_cannot_be_withdrawn_any_more(admin, nobody, project):
    token = invite(admin, project)
    post(nobody, "/api/join", {"token": token, **NEW})
    (row,) = rows(admin, project)
    answer = post(admin, f"/api/projects/{project.pk}/invitations/{row['id']}/revoke")
    assert (answer.status_code, answer.json()["code"]) == (409, "invitation_used")
    assert Membership.objects.filter(user__username="zhou").exists()


def test_an_invitation_of_another_project_cannot_be_withdrawn_or_seen(admin, project):
    foreign = InvitationFactory()
    path = f"/api/projects/{project.pk}/invitations/{foreign.pk}/revoke"
    assert post(admin, path).status_code == 404
    assert rows(admin, project) == []
    foreign.refresh_from_db()
    assert foreign.revoked_at is None


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"password": "short"}, "password", "password_too_short"),
        ({"password": "password1234"}, "password", "password_too_common"),
        ({"password": ""}, "password", "blank"),
        ({"username": "two words"}, "username", "invalid"),
        ({"username": "READER"}, "username", "username_taken"),
        ({"username": ""}, "username", "blank"),
        ({"username": "u" * 151}, "username", "max_length"),
        ({"language": "xx"}, "language", "invalid_choice"),
    ],
)
def test_a_wrong_field_is_named_and_the_link_still_works(
    admin, nobody, project, change, field, code
):
    UserFactory(username="reader")
    token = invite(admin, project)
    before = (User.objects.count(), AuditEvent.objects.count())
    answer = post(nobody, "/api/join", {"token": token, **NEW, **change})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert answer.json()["params"]["codes"] == {field: [code]}
    assert (User.objects.count(), AuditEvent.objects.count()) == before
    assert post(nobody, "/api/join", {"token": token, **NEW}).status_code == 201


def test_a_person_with_an_account_gets_the_roles_and_keeps_what_they_had(admin, log_in, project):
    user = UserFactory()
    elsewhere = MembershipFactory(user=user, role="annotator")
    MembershipFactory(user=user, project=project, role="radiologist")
    browser = log_in(user)
    token = invite(admin, project, roles=["radiologist", "arbitrator"])
    answer = post(browser, "/api/join/as-me", {"token": token})
    assert answer.json() == {"username": user.username, "project_id": str(project.pk)}
    assert set(user.memberships.values_list("project", "role")) == {
        (elsewhere.project_id, "annotator"),
        (project.pk, "radiologist"),
        (project.pk, "arbitrator"),
    }
    assert is_unusable(post(browser, "/api/join/as-me", {"token": token}))


def test_joining_with_an_account_needs_a_login(admin, nobody, project):
    token = invite(admin, project)
    assert post(nobody, "/api/join/as-me", {"token": token}).status_code == 401
    assert rows(admin, project)[0]["state"] == "open"


@pytest.mark.parametrize("roles", [[], ["surgeon"], "admin", ["admin", "nurse"]])
def test_only_roles_that_exist_can_be_given(admin, project, roles):
    answer = post(admin, f"/api/projects/{project.pk}/invitations", {"roles": roles})
    assert answer.status_code == 400
    assert not Invitation.objects.exists()


def test_a_role_named_twice_is_given_once(admin, project):
    invite(admin, project, roles=["admin", "admin"])
    assert Invitation.objects.get().roles == ["admin"]


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_admins_invite(as_role, project, role):
    browser = as_role(role, project)
    path = f"/api/projects/{project.pk}/invitations"
    assert post(browser, path, {"roles": ["radiologist"]}).status_code == 404
    assert browser.get(path).status_code == 404
    assert not Invitation.objects.exists()


def test_trying_tokens_is_slowed_down_and_others_go_on(admin, log_in, project):
    token = invite(admin, project)
    guesser = log_in(None)
    answers = [post(guesser, "/api/join/look", {"token": f"guess{n}"}) for n in range(21)]
    assert [answer.status_code for answer in answers] == [409] * 20 + [429]
    assert answers[-1].json()["code"] == "throttled"
    assert post(guesser, "/api/join", {"token": token, **NEW}).status_code == 429
    assert post(guesser, "/api/reset/look", {"token": token}).status_code == 429
    assert not User.objects.filter(username="zhou").exists()
    elsewhere = post(log_in(None), "/api/join", {"token": token, **NEW}, REMOTE_ADDR="198.51.100.7")
    assert elsewhere.status_code == 201


def test_invitations_are_listed_newest_first_in_pages(admin, project):
    for name in ("first", "second", "third"):
        invite(admin, project, display_name=name)
    page = admin.get(f"/api/projects/{project.pk}/invitations?offset=1&limit=1").json()
    assert page["count"] == 3
    assert [row["display_name"] for row in page["rows"]] == ["second"]


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_with_one_link_make_one_account(log_in):
    project = ProjectFactory()
    InvitationFactory(project=project, token="t" * 43)
    start = threading.Barrier(4)
    statuses: list[int] = []

    def join(number: int) -> None:
        try:
            browser = log_in(None)
            start.wait(timeout=30)
            body = {"token": "t" * 43, **NEW, "username": f"person{number}"}
            statuses.append(post(browser, "/api/join", body).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=join, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(statuses) == [201, 409, 409, 409]
    assert User.objects.filter(username__startswith="person").count() == 1
    assert Membership.objects.filter(project=project, role="radiologist").count() == 1
