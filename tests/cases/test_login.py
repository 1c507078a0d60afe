"""Logging in and out: who may, how often, what stays in the browser, what is recorded."""

import pytest
from django.test import Client

from apps.cases.models import AuditEvent, User
from tests.factories import PASSWORD, MembershipFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db

LOGIN = "/_allauth/browser/v1/auth/login"
SESSION = "/_allauth/browser/v1/auth/session"


def log_in_as(client: Client, username: str, password: str, *, address: str = "192.0.2.1"):
    return client.post(
        LOGIN,
        {"username": username, "password": password},
        content_type="application/json",
        REMOTE_ADDR=address,
    )


@pytest.fixture
def user():
    return UserFactory(username="lin")


@pytest.fixture
def browser(log_in):
    return log_in(None)


def test_a_person_logs_in_and_sees_their_projects(browser, user):
    project, foreign = ProjectFactory(code="chest"), ProjectFactory(code="brain")
    MembershipFactory(user=user, project=project, role="radiologist")
    MembershipFactory(user=user, project=project, role="admin")
    MembershipFactory(project=foreign)
    nobody = browser.get("/api/session")
    assert nobody.json()["user"] is None
    assert nobody.json()["memberships"] == []
    assert "csrftoken" in nobody.cookies

    assert log_in_as(browser, "lin", PASSWORD).status_code == 200
    session = browser.get("/api/session").json()
    assert session["user"] == {
        "id": str(user.pk),
        "username": "lin",
        "display_name": user.display_name,
        "language": "en",
    }
    (membership,) = session["memberships"]
    assert membership["project"]["code"] == "chest"
    assert membership["project"]["policy"] == {"version": 1, "ai_display": "from_start"}
    assert sorted(membership["roles"]) == ["admin", "radiologist"]
    assert [project["code"] for project in browser.get("/api/projects").json()] == ["chest"]


def test_the_sixth_wrong_password_is_refused_and_nobody_else_is_locked_out(log_in, user):
    other = UserFactory(username="wang")
    statuses = [log_in_as(log_in(None), "lin", f"wrong{n}").status_code for n in range(6)]
    assert statuses == [400] * 5 + [429]
    refused = log_in_as(log_in(None), "lin", PASSWORD)
    assert refused.status_code == 429  # the right password does not help a guesser
    assert refused.json()["code"] == "too_many_login_attempts"
    assert log_in_as(log_in(None), "lin", PASSWORD, address="192.0.2.2").status_code == 200
    assert log_in_as(log_in(None), other.username, PASSWORD).status_code == 200


def test_an_account_that_does_not_exist_answers_as_one_that_does(log_in, user):
    known = [log_in_as(log_in(None), "lin", "wrong") for _ in range(6)]
    unknown = [log_in_as(log_in(None), "nobody", "wrong", address="192.0.2.9") for _ in range(6)]
    assert [(answer.status_code, answer.content) for answer in known] == [
        (answer.status_code, answer.content) for answer in unknown
    ]


def test_one_address_cannot_try_many_accounts(log_in):
    answers = [log_in_as(log_in(None), f"user{n}", "wrong").status_code for n in range(21)]
    assert answers == [400] * 20 + [429]


def test_a_deactivated_person_neither_logs_in_nor_stays(log_in, user):
    browser = log_in(user)
    assert browser.get("/api/projects").status_code == 200
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert browser.get("/api/projects").status_code == 401
    assert log_in_as(log_in(None), "lin", PASSWORD).status_code != 200


def test_logging_out_empties_the_browser_and_ends_the_session(browser, user):
    log_in_as(browser, "lin", PASSWORD)
    answer = browser.delete(SESSION)
    assert answer["Clear-Site-Data"] == '"cache"'
    assert browser.get("/api/projects").status_code == 401
    assert not browser.get("/api/health").has_header("Clear-Site-Data")


def test_the_session_gets_a_new_key_at_login(browser, user):
    browser.get("/api/session")
    browser.session.save()
    planted = browser.cookies["coread_session"] = "planted" * 4
    log_in_as(browser, "lin", PASSWORD)
    assert browser.cookies["coread_session"].value != planted
    cookie = browser.cookies["coread_session"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


def test_logins_and_failures_are_recorded_without_what_was_typed(browser, user):
    log_in_as(browser, "lin", "my old password")
    log_in_as(browser, "password typed as name", "x")
    log_in_as(browser, "lin", PASSWORD)
    browser.delete(SESSION)
    events = AuditEvent.objects.order_by("created_at")
    assert [(event.action, event.actor_id, event.target_id) for event in events] == [
        ("user.login_failed", None, str(user.pk)),
        ("user.login_failed", None, ""),
        ("user.logged_in", user.pk, str(user.pk)),
        ("user.logged_out", user.pk, str(user.pk)),
    ]
    assert "typed" not in str(list(events.values()))


def test_a_request_without_the_csrf_token_is_refused(log_in, user):
    browser = log_in(user)
    for send in (
        lambda token: browser.patch(
            "/api/session",
            {"language": "zh-hans"},
            content_type="application/json",
            HTTP_X_CSRFTOKEN=token,
        ),
        lambda token: browser.delete(SESSION, HTTP_X_CSRFTOKEN=token),
    ):
        for token in ("", "z" * 32):
            refused = send(token)
            assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")
    user.refresh_from_db()
    assert user.language == "en"
    assert browser.get("/api/projects").status_code == 200  # not logged out either


def test_a_login_without_the_csrf_token_is_refused(log_in, user):
    answer = log_in(None).post(
        LOGIN,
        {"username": "lin", "password": PASSWORD},
        content_type="application/json",
        HTTP_X_CSRFTOKEN="",
    )
    assert answer.status_code == 403


def test_the_language_is_remembered(log_in, user):
    browser = log_in(user)
    answer = browser.patch("/api/session", {"language": "zh-hans"}, content_type="application/json")
    assert answer.json()["user"]["language"] == "zh-hans"
    assert log_in(user).get("/api/session").json()["user"]["language"] == "zh-hans"
    wrong = browser.patch("/api/session", {"language": "xx"}, content_type="application/json")
    assert (wrong.status_code, list(wrong.json()["fields"])) == (400, ["language"])


@pytest.mark.parametrize("path", ["signup", "password/request", "password/reset", "email/verify"])
def test_what_is_not_mounted_does_not_exist(browser, path):
    answer = browser.post(f"/_allauth/browser/v1/auth/{path}", {}, content_type="application/json")
    assert answer.status_code == 404
