"""How a fresh installation gets its first project and people, without anything but the commands."""

import io
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command

from apps.cases.models import AuditEvent, Finding, Project, User
from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db

CHEST = {
    "code": "chest",
    "name_en": "Chest",
    "name_zh": "胸部",
    "ai_display": "on_request",
    "findings": [
        {"code": "nodule", "name_en": "Nodule", "name_zh": "结节", "minimum_size_mm": 3.0},
        {"code": "grade", "name_en": "Grade", "name_zh": "分级", "kind": "graded", "grades": ["0"]},
    ],
}


def create(tmp_path, facts) -> str:
    out = StringIO()
    (tmp_path / "project.json").write_bytes(orjson.dumps(facts))
    call_command("create_project", tmp_path / "project.json", stdout=out)
    return out.getvalue()


def add(monkeypatch, *args: str, password: str = "a long enough secret") -> str:  # noqa: S107
    out = StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    call_command("add_member", *args, password_stdin=True, stdout=out)
    return out.getvalue()


def test_a_project_is_made_with_its_schema_and_policy(tmp_path):
    assert create(tmp_path, CHEST) == "Project chest: 2 findings.\n"
    project = Project.objects.get()
    assert project.policies.get().ai_display == "on_request"
    assert list(project.findings.values_list("code", "kind", "minimum_size_mm", "position")) == [
        ("nodule", "binary", 3.0, 0),
        ("grade", "graded", None, 1),
    ]
    assert AuditEvent.objects.get().action == "project.created"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"findings": None}, "does not describe a project"),
        ({"ai_display": "never"}, "does not describe a project"),
        ({"findings": [{"code": "a", "name_en": "A", "colour": "red"}]}, "colour"),
        ({"findings": [CHEST["findings"][0]] * 2}, "exists already"),
        ({"code": "not a slug"}, "slug"),
    ],
)
def test_a_wrong_file_makes_nothing(tmp_path, change, message):
    with pytest.raises(CommandError, match=message):
        create(tmp_path, CHEST | change)
    assert not Project.objects.exists()
    assert not Finding.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_member_gets_an_account_and_roles_and_can_log_in(monkeypatch, log_in):
    ProjectFactory(code="chest")
    said = add(monkeypatch, "chest", "lin", "radiologist", "admin")
    assert said == "lin in chest: admin, radiologist.\n"
    assert add(monkeypatch, "chest", "lin", "annotator", password="unused") == (
        "lin in chest: admin, annotator, radiologist.\n"
    )
    user = User.objects.get()
    assert user.check_password("a long enough secret")
    assert not user.is_superuser
    assert [
        row["project"]["code"] for row in log_in(user).get("/api/session").json()["memberships"]
    ]


@pytest.mark.parametrize("password", ["short", "password1234", ""])
def test_a_weak_password_makes_no_account(monkeypatch, password):
    ProjectFactory(code="chest")
    with pytest.raises(CommandError, match="weak"):
        add(monkeypatch, "chest", "lin", "admin", password=password)
    assert not User.objects.exists()


def test_an_unknown_project_or_role_is_refused(monkeypatch):
    ProjectFactory(code="chest")
    with pytest.raises(CommandError, match="no project 'knee'"):
        add(monkeypatch, "knee", "lin", "admin")
    with pytest.raises(CommandError, match="surgeon"):
        add(monkeypatch, "chest", "lin", "surgeon")
    assert not User.objects.exists()
