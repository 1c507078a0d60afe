"""Browsing the audit trail: own projects only, and nothing of a case that is read blinded."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cases.models import AuditEvent, AuditSeal
from apps.cases.services import audit
from apps.cases.services.audit import audit_record, audit_seal
from tests.cases.test_audit import key, unguarded
from tests.cases.test_invitations import post
from tests.factories import (
    AssignmentFactory,
    AuditEventFactory,
    CaseFactory,
    MembershipFactory,
    PredictionFactory,
    ProjectFactory,
    ReviewFactory,
    StudyFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def boss(project):
    user = UserFactory(display_name="Dr. Ma")
    MembershipFactory(user=user, project=project, role="admin")
    return user


@pytest.fixture
def admin(log_in, boss):
    return log_in(boss)


def page(browser, project, **query):
    answer = browser.get(f"/api/projects/{project.pk}/audit", query)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def seen(browser, project, **query) -> list[str]:
    """The actions on a page, without the logins that the fixtures make."""
    rows = page(browser, project, **query)["rows"]
    return [row["action"] for row in rows if row["action"] != "user.logged_in"]


def test_a_page_shows_who_did_what_to_what_the_latest_first(admin, boss, project):
    member = MembershipFactory(project=project).user
    audit_record(
        actor=boss, action="member.added", target=member, project=project, detail={"role": "admin"}
    )
    case = CaseFactory(project=project)
    audit_record(actor=None, action="case.touched", target=case, project=project)
    audit_seal()
    audit_record(actor=member, action="report.copied", target=case, project=project)
    rows = [row for row in page(admin, project)["rows"] if row["action"] != "user.logged_in"]
    assert [row["action"] for row in rows] == ["report.copied", "case.touched", "member.added"]
    copied, touched, added = rows
    assert (copied["actor"], copied["sequence"], copied["link_sha256"]) == (
        member.display_name,
        None,
        "",
    )
    assert (touched["actor"], touched["target_type"], touched["target_id"]) == (
        "",
        "case",
        str(case.pk),
    )
    assert touched["target_name"] == ""
    assert (added["actor"], added["target_name"]) == ("Dr. Ma", member.display_name)
    assert added["detail"] == {"role": "admin"}
    seal = AuditSeal.objects.get(event__action="member.added")
    assert (added["sequence"], added["link_sha256"]) == (seal.sequence, seal.sha256)


def test_another_projects_events_never_show(admin, as_role, project):
    other = ProjectFactory()
    foreign_admin = as_role("admin", other)
    AuditEventFactory(project=project, action="ours.done")
    AuditEventFactory(project=other, action="theirs.done")
    outsider = MembershipFactory(project=other).user
    AuditEventFactory(
        project=None, action="their.login", target_type="user", target_id=str(outsider.pk)
    )
    AuditEventFactory(project=None, action="model.imported", target_type="modelversion")
    assert seen(admin, project) == ["ours.done"]
    assert sorted(seen(foreign_admin, other)) == ["their.login", "theirs.done"]
    for query in ({"actor": str(outsider.pk)}, {"action": "theirs.done"}, {"target_type": "user"}):
        assert seen(admin, project, **query) == []
    choices = page(admin, project, choices="true")["choices"]
    assert "theirs.done" not in choices["actions"]
    assert str(outsider.pk) not in str(choices["actors"])
    assert admin.get(f"/api/projects/{other.pk}/audit").status_code == 404


def test_acts_on_the_accounts_of_members_show_without_a_project(admin, project):
    member, stranger = MembershipFactory(project=project).user, UserFactory()
    for user, action in ((member, "user.deactivated"), (stranger, "password.reset")):
        audit_record(actor=None, action=action, target=user, project=None)
    audit_record(actor=member, action="user.created", target=stranger, project=None)
    assert seen(admin, project) == ["user.deactivated"]


def test_a_look_at_a_study_shows_where_the_project_has_the_study(admin, project):
    member = MembershipFactory(project=project).user
    ours, theirs = CaseFactory(project=project).study, CaseFactory().study
    for study in (ours, theirs, StudyFactory()):
        audit_record(actor=member, action="study.seen", target=study, project=None)
    audit_record(actor=UserFactory(), action="study.seen", target=ours, project=None)
    rows = page(admin, project, action="study.seen")["rows"]
    assert [(row["target_id"], row["actor"]) for row in rows] == [
        (str(ours.pk), member.display_name)
    ]


def test_filters_narrow_and_pages_follow(admin, boss, project):
    other = MembershipFactory(project=project).user
    events = [
        AuditEventFactory(project=project, actor=actor, action=action, target_type=kind)
        for actor in (boss, other)
        for action in ("thing.done", "thing.undone")
        for kind in ("case", "user")
    ]
    assert len(seen(admin, project)) == 8
    assert len(seen(admin, project, actor=str(other.pk))) == 4
    assert seen(admin, project, actor=str(other.pk), action="thing.done") == ["thing.done"] * 2
    assert len(seen(admin, project, target_type="case", action="thing.undone")) == 2
    middle = events[4].created_at
    assert len(seen(admin, project, since=middle.isoformat())) == 4
    assert len(seen(admin, project, until=middle.isoformat(), action="thing.done")) == 2
    assert seen(admin, project, until=(middle - timedelta(days=1)).isoformat()) == []
    first = page(admin, project, limit=3, target_type="case")
    second = page(admin, project, limit=3, offset=3, target_type="case")
    assert (first["count"], len(first["rows"]), len(second["rows"])) == (4, 3, 1)
    assert not {row["id"] for row in first["rows"]} & {row["id"] for row in second["rows"]}


@pytest.mark.parametrize(
    "query", [{"actor": "nobody"}, {"since": "yesterday"}, {"limit": 501}, {"offset": -1}]
)
def test_a_wrong_filter_is_named(admin, project, query):
    answer = admin.get(f"/api/projects/{project.pk}/audit", query)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == list(query)


def test_the_choices_are_those_that_are_there(admin, boss, project):
    AuditEventFactory(project=project, actor=boss, action="b.done", target_type="case")
    AuditEventFactory(project=project, actor=boss, action="a.done", target_type="review")
    body = page(admin, project, choices="true")
    assert body["choices"]["actions"] == ["a.done", "b.done", "user.logged_in"]
    assert body["choices"]["target_types"] == ["case", "review", "user"]
    assert body["choices"]["actors"] == [{"id": str(boss.pk), "name": "Dr. Ma"}]
    assert page(admin, project)["choices"] is None


@pytest.mark.parametrize("role", ["annotator", "arbitrator"])
@pytest.mark.parametrize("has_ended", [False, True])
def test_an_admin_who_reads_a_case_blinded_sees_nothing_of_it(
    admin, boss, project, role, has_ended
):
    """Their patient's other case is left out too; what says nothing of answers stays."""
    blinded, other = CaseFactory(project=project), CaseFactory(project=project)
    sibling = CaseFactory(project=project, study__patient=blinded.study.patient)
    assignment = AssignmentFactory(case=blinded, user=boss, role=role)
    if has_ended:
        assignment.ended_at = assignment.created_at
        assignment.save()
    AssignmentFactory(case=other, role=role)
    reader = MembershipFactory(project=project).user
    for case in (blinded, sibling, other):
        review = ReviewFactory(case=case, reader=reader)
        audit_record(actor=reader, action="review.signed", target=review, project=project)
        audit_record(actor=reader, action="case.flagged", target=case, project=project)
        prediction = PredictionFactory(case_prediction__case=case)
        audit_record(
            actor=reader,
            action="prediction.retried",
            target=prediction,
            project=project,
            detail={"case_id": str(case.pk)},
        )
        audit_record(actor=reader, action="study.seen", target=case.study, project=None)
    # an event of a kind nobody foresaw, which does not say which case it concerns
    AuditEventFactory(project=project, action="answer.given", target_type="read")
    AuditEventFactory(project=project, action="queue.counted", target_type="project")
    audit_record(actor=reader, action="member.added", target=reader, project=project)
    rows = page(admin, project, choices="true")
    shown = [row for row in rows["rows"] if row["action"] != "user.logged_in"]
    assert sorted(row["action"] for row in shown) == [
        "case.flagged",
        "member.added",
        "prediction.retried",
        "review.signed",
    ]
    assert {row["detail"]["case_id"] for row in shown if "case_id" in row["detail"]} == {
        str(other.pk)
    }
    assert str(blinded.pk) not in str(rows)
    assert rows["is_partial"] is True
    assert rows["count"] == len(rows["rows"])
    assert "answer.given" not in rows["choices"]["actions"]
    assert seen(admin, project, target_type="read") == []


def test_an_admin_who_reads_nothing_blinded_sees_every_event_of_the_project(admin, project):
    AssignmentFactory(case=CaseFactory(project=project))
    AuditEventFactory(project=project, action="answer.given", target_type="read")
    assert seen(admin, project) == ["answer.given"]
    assert page(admin, project)["is_partial"] is False


@pytest.mark.parametrize("role", ["radiologist", "annotator", "arbitrator"])
def test_only_admins_browse_and_verify(as_role, project, role):
    browser = as_role(role, project)
    AuditEventFactory(project=project)
    before = AuditEvent.objects.count()
    assert browser.get(f"/api/projects/{project.pk}/audit").status_code == 404
    assert post(browser, f"/api/projects/{project.pk}/audit/verify").status_code == 404
    assert AuditEvent.objects.count() == before


def test_a_page_with_all_choices_needs_few_queries(admin, boss, project):
    AssignmentFactory(case=CaseFactory(project=project), user=boss)
    counts = []
    for _ in range(2):
        for _ in range(5):
            AuditEventFactory(project=project, target_type="user", target_id=str(boss.pk))
        with CaptureQueriesContext(connection) as queries:
            page(admin, project, choices="true")
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


@pytest.fixture
def chain(boss, project):
    for n in range(7):
        AuditEventFactory(project=project, action=f"thing.{n}")
    audit_seal()
    return AuditSeal.objects.order_by("sequence")


def verify(browser, project, **body):
    answer = post(browser, f"/api/projects/{project.pk}/audit/verify", body)
    assert answer.status_code == 200
    return answer.json()


def test_a_whole_chain_is_verified_in_one_walk_and_the_walk_is_recorded(admin, project, chain):
    found = verify(admin, project)
    last = chain.last()
    assert found["checked_to"] == found["sealed"] == last.sequence
    assert (found["head_sha256"], found["broken_at"], found["is_end"]) == (last.sha256, None, True)
    assert found["unsealed"] == 1  # this very walk
    assert AuditEvent.objects.get(action="audit.verified").project == project


def test_a_long_chain_is_walked_piece_by_piece(admin, project, chain, monkeypatch):
    monkeypatch.setattr(
        audit.audit_verify_piece, "__kwdefaults__", {"anchor_sha256": "", "limit": 3}
    )
    length, point, pieces = chain.count(), {}, 0
    anchor = chain[4].sha256
    anchors = []
    while True:
        found = verify(admin, project, anchor_sha256=anchor, **point)
        pieces += 1
        anchors.append(found["has_anchor"])
        if found["is_end"]:
            break
        point = {"after_sequence": found["checked_to"], "after_sha256": found["head_sha256"]}
    assert found["checked_to"] == length
    assert pieces == length // 3 + 1
    assert anchors.count(True) == 1
    assert AuditEvent.objects.filter(action="audit.verified").count() == 1


def test_a_changed_event_is_found_at_its_place(admin, project, chain):
    third = chain.get(sequence=3).event
    unguarded("UPDATE cases_auditevent SET action = 'thing.forged' WHERE id = %s", key(third))
    found = verify(admin, project)
    assert (found["broken_at"], found["checked_to"], found["is_end"]) == (3, 2, False)
    assert found["head_sha256"] == chain.get(sequence=2).sha256


def test_a_chain_that_changed_between_two_pieces_is_found(admin, project, chain):
    found = verify(admin, project, after_sequence=2, after_sha256="f" * 64)
    assert found["broken_at"] == 3


@pytest.mark.parametrize("field", ["after_sha256", "anchor_sha256"])
def test_what_is_no_link_is_refused(admin, project, field):
    answer = post(admin, f"/api/projects/{project.pk}/audit/verify", {field: "not a link"})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert not AuditEvent.objects.filter(action="audit.verified").exists()
