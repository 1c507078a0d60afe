"""Projects: made, renamed, switched off; the policy and the schema only ever grow."""

import pytest
from django.test import Client

from apps.cases.models import AuditEvent, Finding, Membership, Project, ReadingPolicy
from tests.cases.test_invitations import post
from tests.factories import (
    CaseFactory,
    FindingFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NODULE = {
    "code": "nodule",
    "name_en": "Nodule",
    "name_zh": "结节",
    "needs_roi": True,
    "minimum_size_mm": 3.0,
}
GRADE = {
    "code": "grade",
    "name_en": "Grade",
    "name_zh": "分级",
    "kind": "graded",
    "grades": ["0", "1", "2"],
    "is_urgent": True,
}
LUNG = {
    "code": "lung",
    "name_en": "Lung",
    "name_zh": "肺",
    "ai_display": "on_request",
    "second_signature": True,
    "findings": [NODULE, GRADE],
}
POLICY = {
    "after_version": 1,
    "ai_display": "after_first_impression",
    "second_signature": False,
    "reason": "The study protocol asks for it",
}


@pytest.fixture
def project():
    project = ProjectFactory(code="chest")
    FindingFactory(project=project, code="effusion", position=4)
    return project


@pytest.fixture
def admin(as_role, project):
    return as_role("admin", project)


def patch(browser: Client, path: str, body: object):
    return browser.patch(path, body, content_type="application/json")


def actions() -> list[str]:
    events = AuditEvent.objects.exclude(action="user.logged_in").order_by("created_at")
    return list(events.values_list("action", flat=True))


def user_of(browser: Client) -> str:
    return browser.session["_auth_user_id"]


def test_an_admin_makes_a_project_and_becomes_its_admin(admin):
    made = post(admin, "/api/projects", LUNG)
    assert made.status_code == 201
    lung = Project.objects.get(code="lung")
    assert made.json()["id"] == str(lung.pk)
    (membership,) = Membership.objects.filter(project=lung)
    assert (str(membership.user_id), membership.role) == (user_of(admin), "admin")
    policy = lung.policies.get()
    assert (policy.version, policy.ai_display, policy.second_signature) == (1, "on_request", True)
    assert list(
        lung.findings.values_list(
            "code", "kind", "grades", "needs_roi", "minimum_size_mm", "is_urgent", "position"
        )
    ) == [
        ("nodule", "binary", [], True, 3.0, False, 0),
        ("grade", "graded", ["0", "1", "2"], False, None, True, 1),
    ]
    assert actions() == ["project.created", "member.added"]
    assert admin.get(f"/api/projects/{lung.pk}/settings").status_code == 200


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"code": "chest"}, "code", "taken"),
        ({"code": "two words"}, "code", "invalid"),
        ({"name_zh": ""}, "name_zh", "blank"),
        ({"ai_display": "never"}, "ai_display", "invalid_choice"),
        ({"findings": []}, "findings.non_field_errors", "empty"),
        ({"findings": [NODULE, NODULE]}, "findings.1.code", "repeated"),
        (
            {"findings": [{**NODULE, "minimum_size_mm": 0}]},
            "findings.0.minimum_size_mm",
            "min_value",
        ),
        ({"findings": [{**GRADE, "grades": ["1"]}]}, "findings.0.grades", "too_few_grades"),
        ({"findings": [{**GRADE, "grades": ["1", "2", "1"]}]}, "findings.0.grades", "repeated"),
        ({"findings": [{**NODULE, "grades": ["1"]}]}, "findings.0.grades", "not_graded"),
        ({"findings": [NODULE, {**GRADE, "code": ""}]}, "findings.1.code", "blank"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_is_made(admin, change, field, code):
    answer = post(admin, "/api/projects", {**LUNG, **change})
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == [field]
    assert answer.json()["params"]["codes"][field] == [code]
    assert list(Project.objects.values_list("code", flat=True)) == ["chest"]
    assert not Finding.objects.filter(code__in=["nodule", "grade"]).exists()
    assert actions() == []


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_an_admin_of_some_project_makes_projects(as_role, log_in, project, role):
    for browser in (as_role(role, project), log_in(UserFactory())):
        assert post(browser, "/api/projects", LUNG).status_code == 404
        assert browser.get("/api/projects/administered").status_code == 404
    assert not Project.objects.filter(code="lung").exists()


def test_the_administered_projects_are_listed_with_counts_also_when_switched_off(admin, project):
    resting = ProjectFactory(code="resting", is_active=False)
    foreign = ProjectFactory(code="foreign")
    MembershipFactory(user_id=user_of(admin), user=None, project=resting, role="admin")
    MembershipFactory(user_id=user_of(admin), user=None, project=foreign, role="radiologist")
    both = MembershipFactory(project=project, role="radiologist").user
    MembershipFactory(project=project, role="annotator", user=both)
    CaseFactory(project=project)
    CaseFactory(project=project)
    rows = admin.get("/api/projects/administered").json()["rows"]
    assert [(row["code"], row["is_active"]) for row in rows] == [
        ("chest", True),
        ("resting", False),
    ]
    chest = rows[0]
    assert (chest["cases"], chest["members"], chest["findings"]) == (2, 2, 1)
    assert chest["policy"] == {"version": 1, "ai_display": "from_start", "second_signature": False}
    assert (rows[1]["cases"], rows[1]["members"], rows[1]["findings"]) == (0, 1, 0)


def test_names_and_classification_change_and_say_so(admin, project):
    path = f"/api/projects/{project.pk}/settings"
    answer = patch(admin, path, {"name_en": "Thorax", "auto_classify": False})
    assert answer.status_code == 200
    assert (answer.json()["name_en"], answer.json()["auto_classify"]) == ("Thorax", False)
    assert patch(admin, path, {"name_en": "Thorax"}).status_code == 200  # as it is
    event = AuditEvent.objects.get(action="project.changed")
    assert event.detail == {"name_en": [project.name_en, "Thorax"], "auto_classify": [True, False]}
    project.refresh_from_db()
    assert project.code == "chest"


def test_the_code_of_a_project_never_changes(admin, project):
    patch(admin, f"/api/projects/{project.pk}/settings", {"code": "other"})
    project.refresh_from_db()
    assert project.code == "chest"
    assert actions() == []


def test_a_project_is_switched_off_and_on_again(admin, as_role, project):
    post(admin, "/api/projects", LUNG)
    reader, path = as_role("radiologist", project), f"/api/projects/{project.pk}/settings"
    assert patch(admin, path, {"is_active": False}).status_code == 200
    assert reader.get("/api/projects").json() == []
    assert admin.get(f"/api/projects/{project.pk}/members").status_code == 404
    assert patch(admin, path, {"is_active": True}).status_code == 200
    assert len(reader.get("/api/projects").json()) == 1


def test_the_only_active_project_of_an_admin_stays_on(admin, project):
    MembershipFactory(
        user_id=user_of(admin), user=None, project=ProjectFactory(is_active=False), role="admin"
    )
    answer = patch(admin, f"/api/projects/{project.pk}/settings", {"is_active": False})
    assert (answer.status_code, answer.json()["code"]) == (409, "only_active_project")
    project.refresh_from_db()
    assert project.is_active


def test_a_policy_gets_a_new_version_and_the_old_one_stays(admin, project):
    answer = post(admin, f"/api/projects/{project.pk}/policies", POLICY)
    assert answer.status_code == 201
    newest, first = answer.json()["policies"]
    assert (newest["version"], newest["ai_display"]) == (2, "after_first_impression")
    assert newest["reason"] == POLICY["reason"]
    assert newest["author"]
    assert (first["version"], first["ai_display"]) == (1, "from_start")
    session = admin.get("/api/session").json()["memberships"][0]["project"]
    assert session["policy"]["ai_display"] == "after_first_impression"
    event = AuditEvent.objects.get(action="policy.added")
    assert event.detail["ai_display"] == "after_first_impression"
    assert POLICY["reason"] not in str(event.detail)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"after_version": 2}, 409, "policy_changed"),
        ({"ai_display": "from_start"}, 409, "policy_unchanged"),
        ({"reason": ""}, 400, "invalid"),
        ({"ai_display": "never"}, 400, "invalid"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(admin, project, change, status, code):
    answer = post(admin, f"/api/projects/{project.pk}/policies", {**POLICY, **change})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert ReadingPolicy.objects.filter(project=project).count() == 1
    assert actions() == []


def test_of_two_admins_with_the_same_policy_on_screen_one_is_told_to_look_again(
    admin, as_role, project
):
    path, other = f"/api/projects/{project.pk}/policies", as_role("admin", project)
    assert post(admin, path, POLICY).status_code == 201
    late = post(other, path, {**POLICY, "ai_display": "on_request"})
    assert (late.status_code, late.json()["code"]) == (409, "policy_changed")
    assert ReadingPolicy.objects.filter(project=project).count() == 2


def test_a_finding_is_added_at_the_end_and_its_code_once(admin, project):
    path = f"/api/projects/{project.pk}/findings"
    answer = post(admin, path, NODULE)
    assert answer.status_code == 201
    assert [(row["code"], row["position"]) for row in answer.json()["findings"]] == [
        ("effusion", 4),
        ("nodule", 5),
    ]
    again = post(admin, path, {**NODULE, "name_en": "Another"})
    assert (again.status_code, again.json()["code"]) == (400, "code_taken")
    assert again.json()["params"]["codes"] == {"code": ["taken"]}
    assert Finding.objects.filter(project=project).count() == 2
    assert actions() == ["finding.added"]


def test_what_a_finding_is_called_may_change_but_not_what_it_is(admin, project):
    finding = project.findings.get()
    path = f"/api/projects/{project.pk}/findings/{finding.pk}"
    answer = patch(
        admin,
        path,
        {
            "name_zh": "胸水",
            "is_urgent": True,
            "minimum_size_mm": 10,
            "code": "other",
            "kind": "graded",
            "needs_roi": True,
        },
    )
    assert answer.status_code == 200
    finding.refresh_from_db()
    assert (finding.name_zh, finding.is_urgent, finding.minimum_size_mm) == ("胸水", True, 10.0)
    assert (finding.code, finding.kind, finding.needs_roi) == ("effusion", "binary", False)
    assert AuditEvent.objects.get(action="finding.changed").detail["minimum_size_mm"] == [None, 10]
    assert patch(admin, path, {"minimum_size_mm": None}).status_code == 200
    finding.refresh_from_db()
    assert finding.minimum_size_mm is None


def test_a_finding_of_another_project_cannot_be_changed(admin, project):
    foreign = FindingFactory(name_en="Theirs")
    path = f"/api/projects/{project.pk}/findings/{foreign.pk}"
    assert patch(admin, path, {"name_en": "Mine"}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.name_en == "Theirs"


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_a_projects_admin_changes_it(as_role, project, role):
    finding = project.findings.get()
    root = f"/api/projects/{project.pk}"
    for browser in (as_role(role, project), as_role("admin", ProjectFactory())):
        assert browser.get(f"{root}/settings").status_code == 404
        assert patch(browser, f"{root}/settings", {"name_en": "X"}).status_code == 404
        assert post(browser, f"{root}/policies", POLICY).status_code == 404
        assert post(browser, f"{root}/findings", NODULE).status_code == 404
        assert patch(browser, f"{root}/findings/{finding.pk}", {"name_en": "X"}).status_code == 404
    assert Project.objects.get(pk=project.pk).name_en == project.name_en
    assert ReadingPolicy.objects.filter(project=project).count() == 1
    assert list(project.findings.values_list("code", "name_en")) == [("effusion", finding.name_en)]
    assert actions() == []
