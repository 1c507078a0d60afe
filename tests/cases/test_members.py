"""Members: who sees them, what becomes of roles, accounts and sessions, and who stays in charge."""

import threading

import pytest
from django.db import connection

from apps.cases.models import Assignment, AuditEvent, Membership, User
from tests.cases.test_invitations import post
from tests.cases.test_login import log_in_as
from tests.factories import (
    PASSWORD,
    AssignmentFactory,
    CaseFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def boss(project):
    user = UserFactory(username="boss", display_name="Dr. Ma")
    MembershipFactory(user=user, project=project, role="admin")
    return user


@pytest.fixture
def admin(log_in, boss):
    return log_in(boss)


@pytest.fixture
def member(project):
    user = UserFactory(username="lin", display_name="Dr. Lin")
    MembershipFactory(user=user, project=project, role="radiologist")
    return user


def path(project, user, rest: str = "") -> str:
    return f"/api/projects/{project.pk}/members/{user.pk}{rest}"


def roles(project, user) -> set[str]:
    held = Membership.objects.filter(project=project, user=user)
    return set(held.values_list("role", flat=True))


def actions() -> list[str]:
    logins = ["user.logged_in", "user.login_failed"]
    events = AuditEvent.objects.exclude(action__in=logins).order_by("created_at")
    return list(events.values_list("action", flat=True))


def test_members_are_listed_by_name_with_roles_login_and_what_may_be_done(
    admin, log_in, project, boss, member
):
    MembershipFactory(user=member, project=project, role="arbitrator")
    abroad = UserFactory(display_name="Dr. Abe", is_active=False)
    MembershipFactory(user=abroad, project=project, role="annotator")
    MembershipFactory(user=abroad)  # a project that is not this admin's
    MembershipFactory()
    log_in_as(log_in(None), "lin", PASSWORD)
    rows = admin.get(f"/api/projects/{project.pk}/members").json()["rows"]
    assert [(row["display_name"], row["roles"]) for row in rows] == [
        ("Dr. Abe", ["annotator"]),
        ("Dr. Lin", ["radiologist", "arbitrator"]),
        ("Dr. Ma", ["admin"]),
    ]
    assert [row["is_active"] for row in rows] == [False, True, True]
    assert [row["may_manage"] for row in rows] == [False, True, True]
    assert [row["is_self"] for row in rows] == [False, False, True]
    assert [row["is_last_admin"] for row in rows] == [False, False, True]
    assert rows[0]["last_login"] is None
    assert rows[1]["last_login"] is not None
    assert "password" not in str(rows)


def test_a_role_is_given_and_taken_at_once(admin, log_in, project, member):
    browser = log_in(member)
    worklist = f"/api/projects/{project.pk}/ingest-failures"
    assert browser.get(worklist).status_code == 404
    given = admin.put(path(project, member, "/roles/admin"))
    assert given.status_code == 200
    assert browser.get(worklist).status_code == 200
    taken = admin.delete(path(project, member, "/roles/admin"))
    (row,) = [each for each in taken.json()["rows"] if each["id"] == str(member.pk)]
    assert row["roles"] == ["radiologist"]
    assert browser.get(worklist).status_code == 404
    assert actions() == ["member.added", "member.removed"]


def test_giving_or_taking_twice_changes_nothing(admin, project, member):
    assert admin.put(path(project, member, "/roles/radiologist")).status_code == 200
    assert admin.delete(path(project, member, "/roles/annotator")).status_code == 200
    assert roles(project, member) == {"radiologist"}
    assert actions() == []


def test_taking_the_last_role_ends_the_membership_and_nothing_else(admin, log_in, project, member):
    elsewhere = MembershipFactory(user=member).project
    browser = log_in(member)
    assert admin.delete(path(project, member, "/roles/radiologist")).status_code == 200
    assert [row["id"] for row in browser.get("/api/projects").json()] == [str(elsewhere.pk)]
    assert admin.put(path(project, member, "/roles/admin")).status_code == 404  # no member now
    assert roles(project, member) == set()
    assert User.objects.get(pk=member.pk).is_active


@pytest.mark.parametrize("role", ["annotator", "arbitrator"])
def test_taking_a_blinded_role_erases_no_assignment_and_unblinds_nobody(
    admin, log_in, project, member, role
):
    case = CaseFactory(project=project)
    MembershipFactory(user=member, project=project, role=role)
    assignment = AssignmentFactory(case=case, user=member, role=role)
    admin.delete(path(project, member, f"/roles/{role}"))
    assert Assignment.objects.filter(pk=assignment.pk, ended_at__isnull=True).exists()
    review = log_in(member).get(f"/api/cases/{case.pk}/review").json()
    assert "ai" not in review


@pytest.mark.parametrize(
    ("method", "rest"), [("put", "/roles/surgeon"), ("delete", "/roles/surgeon")]
)
def test_a_role_that_does_not_exist_is_not_found(admin, project, member, method, rest):
    assert getattr(admin, method)(path(project, member, rest)).status_code == 404
    assert roles(project, member) == {"radiologist"}


def test_the_last_admin_keeps_the_role(admin, project, boss, member):
    switched_off = UserFactory(is_active=False)
    MembershipFactory(user=switched_off, project=project, role="admin")
    answer = admin.delete(path(project, boss, "/roles/admin"))
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")
    assert roles(project, boss) == {"admin"}
    admin.put(path(project, member, "/roles/admin"))
    assert admin.delete(path(project, boss, "/roles/admin")).status_code == 200
    assert roles(project, boss) == set()


def test_a_person_is_switched_off_and_on_and_old_sessions_stay_ended(
    admin, log_in, project, member
):
    browser = log_in(member)
    off = post(admin, path(project, member, "/deactivate"))
    (row,) = [each for each in off.json()["rows"] if each["id"] == str(member.pk)]
    assert row["is_active"] is False
    assert browser.get("/api/projects").status_code == 401
    assert log_in_as(log_in(None), "lin", PASSWORD).status_code != 200
    assert post(admin, path(project, member, "/activate")).status_code == 200
    assert browser.get("/api/projects").status_code == 401
    assert log_in_as(log_in(None), "lin", PASSWORD).status_code == 200
    assert roles(project, member) == {"radiologist"}
    assert actions() == ["user.deactivated", "user.activated"]


def test_switching_off_or_on_twice_changes_nothing(admin, project, member):
    for rest in ("/activate", "/deactivate", "/deactivate", "/activate", "/activate"):
        assert post(admin, path(project, member, rest)).status_code == 200
    assert actions() == ["user.deactivated", "user.activated"]


def test_nobody_switches_off_their_own_account(admin, as_role, project, boss):
    as_role("admin", project)
    answer = post(admin, path(project, boss, "/deactivate"))
    assert (answer.status_code, answer.json()["code"]) == (409, "own_account")
    assert User.objects.get(pk=boss.pk).is_active


@pytest.mark.parametrize("rest", ["/deactivate", "/activate"])
def test_an_account_of_other_projects_is_not_this_admins(admin, log_in, project, member, rest):
    MembershipFactory(user=member)
    User.objects.filter(pk=member.pk).update(is_active=rest == "/deactivate")
    browser = log_in(member) if rest == "/deactivate" else None
    answer = post(admin, path(project, member, rest))
    assert (answer.status_code, answer.json()["code"]) == (403, "account_of_other_projects")
    assert User.objects.get(pk=member.pk).is_active is (rest == "/deactivate")
    assert browser is None or browser.get("/api/projects").status_code == 200
    assert actions() == []


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_admins_see_and_change_members(as_role, log_in, project, member, role):
    browser, foreign_admin = as_role(role, project), as_role("admin", ProjectFactory())
    for denied in (browser, foreign_admin, log_in(member)):
        assert denied.get(f"/api/projects/{project.pk}/members").status_code == 404
        assert denied.put(path(project, member, "/roles/admin")).status_code == 404
        assert denied.delete(path(project, member, "/roles/radiologist")).status_code == 404
        assert post(denied, path(project, member, "/deactivate")).status_code == 404
    assert roles(project, member) == {"radiologist"}
    assert User.objects.get(pk=member.pk).is_active
    assert actions() == []


def test_a_person_of_no_project_of_the_admins_cannot_be_named(admin, project):
    stranger = MembershipFactory().user
    for answer in (
        admin.put(path(project, stranger, "/roles/radiologist")),
        post(admin, path(project, stranger, "/deactivate")),
    ):
        assert answer.status_code == 404
    assert roles(project, stranger) == set()
    assert User.objects.get(pk=stranger.pk).is_active


def test_two_names_that_differ_in_case_only_are_one_name(log_in, member):
    """The login looks names up in any case."""
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(username="LIN")
    assert log_in_as(log_in(None), "LIN", PASSWORD).status_code == 200


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["remove", "deactivate"])
def test_two_admins_who_remove_each_other_at_once_leave_one(log_in, act):
    project = ProjectFactory()
    admins = [MembershipFactory(project=project, role="admin").user for _ in range(2)]
    browsers = [log_in(user) for user in admins]
    start = threading.Barrier(2)
    statuses: list[int] = []

    def remove(number: int) -> None:
        try:
            other = admins[1 - number]
            start.wait(timeout=30)
            if act == "remove":
                answer = browsers[number].delete(path(project, other, "/roles/admin"))
            else:
                answer = post(browsers[number], path(project, other, "/deactivate"))
            statuses.append(answer.status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    left = Membership.objects.filter(project=project, role="admin", user__is_active=True)
    assert left.count() == 1
    assert statuses.count(200) == 1
