"""A forgotten password: a link from an admin who may, that works once and ends every session."""

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from apps.cases.models import AuditEvent, User
from apps.cases.people.models import PasswordReset
from tests.cases.test_invitations import is_unusable, post
from tests.cases.test_login import log_in_as
from tests.factories import (
    PASSWORD,
    MembershipFactory,
    PasswordResetFactory,
    ProjectFactory,
    UserFactory,
    sha256,
)

pytestmark = pytest.mark.django_db

FRESH = "another battery horse staple"


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def admin(as_role, project):
    return as_role("admin", project)


@pytest.fixture
def member(project):
    user = UserFactory(username="lin")
    MembershipFactory(user=user, project=project, role="radiologist")
    return user


def link_path(project, user) -> str:
    return f"/api/projects/{project.pk}/members/{user.pk}/reset-link"


def make_link(browser: Client, project, user) -> str:
    answer = post(browser, link_path(project, user))
    assert answer.status_code == 201
    token: str = answer.json()["token"]
    return token


def test_a_person_sets_a_new_password_and_all_their_sessions_end(admin, log_in, project, member):
    other = UserFactory()
    MembershipFactory(user=other, project=project)
    sessions, bystander = [log_in(member), log_in(member)], log_in(other)
    token = make_link(admin, project, member)
    assert [each.get("/api/projects").status_code for each in sessions] == [200, 200]
    look = post(log_in(None), "/api/reset/look", {"token": token}).json()
    assert (look["username"], look["display_name"]) == ("lin", member.display_name)

    done = post(log_in(None), "/api/reset", {"token": token, "password": FRESH})
    assert (done.status_code, done.json()) == (200, {"username": "lin"})
    assert [each.get("/api/projects").status_code for each in sessions] == [401, 401]
    assert bystander.get("/api/projects").status_code == 200
    assert log_in_as(log_in(None), "lin", PASSWORD).status_code == 400
    assert log_in_as(log_in(None), "lin", FRESH).status_code == 200
    assert other.check_password(PASSWORD)


def test_the_acts_are_recorded_and_the_token_is_not(admin, log_in, project, member):
    token = make_link(admin, project, member)
    post(log_in(None), "/api/reset", {"token": token, "password": FRESH})
    maker = admin.session["_auth_user_id"]
    events = AuditEvent.objects.exclude(action="user.logged_in").order_by("created_at")
    assert [(each.action, str(each.actor_id), each.target_id) for each in events] == [
        ("password.reset_offered", maker, str(member.pk)),
        ("password.reset", "None", str(member.pk)),
    ]
    assert events[1].detail == {"offered_by": maker}
    assert token not in str(list(events.values()))
    assert token not in str(list(PasswordReset.objects.values()))


def test_the_link_works_once_and_a_newer_one_replaces_it(admin, log_in, project, member):
    old = make_link(admin, project, member)
    token = make_link(admin, project, member)
    browser = log_in(None)
    assert is_unusable(post(browser, "/api/reset", {"token": old, "password": FRESH}))
    assert post(browser, "/api/reset", {"token": token, "password": FRESH}).status_code == 200
    again = post(browser, "/api/reset", {"token": token, "password": PASSWORD})
    assert is_unusable(again)
    member.refresh_from_db()
    assert member.check_password(FRESH)


def test_what_opens_nothing_answers_the_same_whatever_was_wrong(log_in, project, member):
    now = timezone.now()
    maker = MembershipFactory(project=project, role="admin").user
    states = {
        "used": {"used_at": now},
        "expired": {"expires_at": now - timedelta(seconds=1)},
        "replaced": {"revoked_at": now},
        "of a switched off account": {"user": UserFactory(is_active=False)},
        "by who never was admin": {"created_by": UserFactory(), "user": UserFactory()},
        "by an admin of another project": {
            "created_by": MembershipFactory(role="admin").user,
            "user": MembershipFactory(project=project).user,
        },
    }
    for name, state in states.items():
        PasswordResetFactory(**{"user": member, "created_by": maker, **state}, token=name)
    answers = []
    for number, token in enumerate([*states, "never made"]):
        for path in ("/api/reset", "/api/reset/look"):
            body = {"token": token, "password": FRESH}
            answer = post(log_in(None), path, body, REMOTE_ADDR=f"192.0.2.{number}")
            answers.append((answer.status_code, answer.content, sorted(answer.items())))
    assert len(set(map(str, answers))) == 1
    assert answers[0][0] == 409
    member.refresh_from_db()
    assert member.check_password(PASSWORD)
    assert not AuditEvent.objects.exists()


def test_a_weak_password_is_refused_and_the_link_still_works(admin, log_in, project, member):
    token = make_link(admin, project, member)
    session = log_in(member)
    weak = post(log_in(None), "/api/reset", {"token": token, "password": "short"})
    assert (weak.status_code, weak.json()["code"]) == (400, "weak_password")
    assert weak.json()["params"] == {
        "codes": {"password": ["password_too_short"]},
        "min_length": 12,
    }
    assert session.get("/api/projects").status_code == 200
    assert post(log_in(None), "/api/reset", {"token": token, "password": FRESH}).status_code == 200


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator", "admin"])
@pytest.mark.parametrize("is_active", [True, False])
def test_an_admin_does_not_come_into_another_project_by_a_members_password(
    admin, log_in, project, member, role, is_active
):
    """Whoever sets a password may log in with it; a project that is switched off may come back."""
    MembershipFactory(user=member, project=ProjectFactory(is_active=is_active), role=role)
    answer = post(admin, link_path(project, member))
    assert (answer.status_code, answer.json()["code"]) == (403, "account_of_other_projects")
    assert not PasswordReset.objects.exists()
    assert not AuditEvent.objects.filter(target_id=str(member.pk)).exists()


def test_an_admin_of_all_the_persons_projects_may_reset(admin, project, member):
    second = MembershipFactory(user=member, role="admin").project
    assert post(admin, link_path(project, member)).status_code == 403
    MembershipFactory(
        user=User.objects.get(pk=admin.session["_auth_user_id"]), project=second, role="admin"
    )
    assert post(admin, link_path(project, member)).status_code == 201


def test_a_link_dies_when_its_person_joins_another_project(admin, log_in, project, member):
    token = make_link(admin, project, member)
    joined = MembershipFactory(user=member)
    answer = post(log_in(None), "/api/reset", {"token": token, "password": FRESH})
    assert is_unusable(answer)
    joined.delete()
    answer = post(log_in(None), "/api/reset", {"token": token, "password": FRESH})
    assert answer.status_code == 200


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_admins_make_links_and_only_for_members(as_role, admin, project, member, role):
    browser, stranger = as_role(role, project), UserFactory()
    assert post(browser, link_path(project, member)).status_code == 404
    assert post(admin, link_path(project, stranger)).status_code == 404
    assert post(admin, link_path(ProjectFactory(), member)).status_code == 404
    assert not PasswordReset.objects.exists()


def test_a_switched_off_account_gets_no_link(admin, project, member):
    User.objects.filter(pk=member.pk).update(is_active=False)
    answer = post(admin, link_path(project, member))
    assert (answer.status_code, answer.json()["code"]) == (409, "account_off")
    assert not PasswordReset.objects.exists()


def test_who_was_locked_out_by_failures_may_use_the_new_password(admin, log_in, project, member):
    for _ in range(6):
        log_in_as(log_in(None), "lin", "forgotten")
    assert log_in_as(log_in(None), "lin", PASSWORD).status_code == 429
    token = make_link(admin, project, member)
    body = {"token": token, "password": FRESH}
    assert post(log_in(None), "/api/reset", body, REMOTE_ADDR="192.0.2.1").status_code == 200
    assert log_in_as(log_in(None), "lin", FRESH).status_code == 200


def test_the_server_makes_a_link_for_anybody(log_in, member):
    MembershipFactory(user=member)
    UserFactory(username="other")
    out = StringIO()
    call_command("reset_link", "lin", stdout=out)
    (line,) = [line for line in out.getvalue().splitlines() if "#" in line]
    path, token = line.split("#")
    assert path == "/reset"
    assert PasswordReset.objects.get().token_sha256 == sha256(token)
    answer = post(log_in(None), "/api/reset", {"token": token, "password": FRESH})
    assert answer.json() == {"username": "lin"}


def test_the_server_makes_no_link_for_nobody_or_an_account_that_is_off():
    UserFactory(username="off", is_active=False)
    for name, words in (("nobody", "no account 'nobody'"), ("off", "switched off")):
        with pytest.raises(CommandError, match=words):
            call_command("reset_link", name)
    assert not PasswordReset.objects.exists()


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
def test_two_at_once_with_one_link_set_one_password(log_in):
    user = UserFactory(username="lin")
    PasswordResetFactory(user=user, token="t" * 43)
    start = threading.Barrier(3)
    won: list[str] = []
    statuses: list[int] = []

    def reset(password: str) -> None:
        try:
            browser = log_in(None)
            start.wait(timeout=30)
            answer = post(browser, "/api/reset", {"token": "t" * 43, "password": password})
            statuses.append(answer.status_code)
            if answer.status_code == 200:
                won.append(password)
        finally:
            connection.close()

    threads = [threading.Thread(target=reset, args=(f"{FRESH} {n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(statuses) == [200, 409, 409]
    user.refresh_from_db()
    assert user.check_password(won[0])
    assert AuditEvent.objects.filter(action="password.reset").count() == 1
