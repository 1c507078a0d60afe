"""The retraining queue: what a released review puts into it, and who lets a label in."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from apps.base import AppendOnlyError
from apps.cases.models import AuditEvent
from apps.errors import Conflict
from apps.feedback.learning.arrivals import labels_queue
from apps.feedback.learning.models import QueueDecision, QueueEntry, QueueSampleEntry
from apps.feedback.learning.services import entry_approve, sample_size
from apps.feedback.review.models import FirstImpression, Review
from apps.feedback.states import QUEUE_ENTRY, sources
from tests import factories as make
from tests.feedback.conftest import Room


def released(case, reader, verdicts, *, version=1, prediction=None, **fields) -> Review:
    """A signed and released review with these verdicts, each beside what the model had said."""
    review = make.ReviewFactory(
        case=case,
        reader=reader,
        state="signed",
        version=version,
        signed_at=case.created_at,
        released_at=case.created_at,
        case_prediction=prediction,
        **fields,
    )
    probabilities = prediction.probabilities if prediction else {}
    for code, verdict in verdicts.items():
        make.ReviewDecisionFactory(
            review=review,
            finding=case.project.findings.get(code=code),
            verdict=verdict,
            ai_probability=probabilities.get(code),
            ai_threshold=0.5 if code in probabilities else None,
        )
    return review


def queued(case, reader, verdicts, **fields) -> list[QueueEntry]:
    return labels_queue(released(case, reader, verdicts, **fields))


def act(client, entry, verb, body=None):
    url = f"/api/queue-entries/{entry.pk}/{verb}"
    return client.post(url, body or {}, content_type="application/json")


def queue(client, room, **query):
    return client.get(f"/api/projects/{room.project.pk}/queue-entries", query).json()


def post(client, path, body=None):
    return client.post(path, body or {}, content_type="application/json")


@pytest.fixture
def second_admin(room: Room, log_in):
    user = make.UserFactory(display_name="Second admin")
    make.MembershipFactory(user=user, project=room.project, role="admin")
    return log_in(user)


# --- what a release puts into the queue


def test_every_explicit_verdict_is_an_entry_of_its_kind(room: Room):
    make.FindingFactory(project=room.project, code="effusion")
    make.FindingFactory(project=room.project, code="fracture")
    room.answer.probabilities = {"pneumonia": 0.9, "nodule": 0.2, "fracture": 0.1}
    verdicts = {
        "pneumonia": "rejected",  # 0.9 >= 0.5: the model calls it present
        "nodule": "rejected",  # 0.2 < 0.5: it calls it absent, too
        "effusion": "accepted",  # it says nothing of it
        "fracture": "implied",
    }
    entries = queued(room.first, room.lin, verdicts, prediction=room.answer, ai_visible=True)
    assert {(e.finding.code, e.kind, e.label) for e in entries} == {
        ("pneumonia", "correction", False),
        ("nodule", "confirmation", False),
        ("effusion", "new_label", True),
    }
    by_code = {entry.finding.code: entry for entry in QueueEntry.objects.all()}
    assert by_code["pneumonia"].ai_probability == 0.9
    assert by_code["effusion"].ai_probability is None
    assert all(e.case_prediction == room.answer and e.ai_visible for e in by_code.values())
    assert {e.state for e in by_code.values()} == {"waiting"}


def test_probability_at_the_threshold_is_a_call(room: Room):
    room.answer.probabilities = {"pneumonia": 0.5}
    (entry,) = queued(room.first, room.lin, {"pneumonia": "accepted"}, prediction=room.answer)
    assert entry.kind == "confirmation"


def test_case_without_a_prediction_gives_new_labels(room: Room):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    assert (entry.kind, entry.model_version, entry.case_prediction) == ("new_label", None, None)
    assert queue(room.admin_client, room)["rows"][0]["ai_above_threshold"] is None


def test_unsaid_findings_are_masked(room: Room):
    verdicts = {"pneumonia": "not_assessed", "nodule": "implied"}
    assert queued(room.first, room.lin, verdicts) == []
    assert not QueueEntry.objects.exists()


def impression(room: Room, verdict: str, *, saw_signed_review=False) -> None:
    FirstImpression.objects.create(
        case=room.first,
        reader=room.lin,
        policy=room.project.policies.get(),
        trigger="locked",
        decisions=[{"finding": "pneumonia", "verdict": verdict, "grade": ""}],
        rois=[],
        saw_signed_review=saw_signed_review,
        content_sha256="0" * 64,
    )


@pytest.mark.parametrize(
    ("verdict", "saw_signed_review", "expected"),
    [
        ("accepted", False, True),
        ("rejected", False, False),
        ("not_assessed", False, None),
        ("accepted", True, None),  # the colleague's review may carry what the AI said
    ],
)
def test_label_before_ai_is_the_first_impression(room, verdict, saw_signed_review, expected):
    impression(room, verdict, saw_signed_review=saw_signed_review)
    (entry,) = queued(
        room.first, room.lin, {"pneumonia": "rejected"}, prediction=room.answer, ai_visible=True
    )
    assert entry.label is False
    assert entry.label_before_ai is expected


def test_impression_of_another_reader_says_nothing_of_this_label(room: Room):
    impression(room, "accepted")
    (entry,) = queued(
        room.first, room.smith, {"pneumonia": "rejected"}, prediction=room.answer, ai_visible=True
    )
    assert entry.label_before_ai is None


def test_label_of_a_reader_who_could_not_see_ai_is_before_ai(room: Room):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "accepted"}, read_before_ai=True)
    assert entry.label_before_ai is True


@pytest.mark.parametrize("was_before_ai", [True, False])
def test_addendum_is_before_ai_only_if_every_earlier_version_is(room: Room, was_before_ai):
    before = {"read_before_ai": was_before_ai}
    queued(room.first, room.smith, {"pneumonia": "rejected"}, **before)
    (entry,) = queued(
        room.first, room.lin, {"pneumonia": "accepted"}, version=2, read_before_ai=True
    )
    assert entry.label_before_ai is (True if was_before_ai else None)


def test_label_with_ai_in_sight_is_not_before_ai(room: Room):
    (entry,) = queued(
        room.first, room.lin, {"pneumonia": "accepted"}, prediction=room.answer, ai_visible=True
    )
    assert entry.label_before_ai is None


# --- a later version


def test_later_version_supersedes_what_no_snapshot_has(room: Room):
    old = {
        entry.finding.code: entry
        for entry in queued(room.first, room.lin, {"pneumonia": "rejected", "nodule": "rejected"})
    }
    (other,) = queued(room.second, room.lin, {"pneumonia": "rejected"})
    act(room.admin_client, old["nodule"], "approve")
    # the new version retracts the nodule without saying anything else of it
    new = queued(
        room.first, room.smith, {"pneumonia": "accepted", "nodule": "not_assessed"}, version=2
    )
    for entry in (*old.values(), other):
        entry.refresh_from_db()
    assert [(e.state, e.holds) for e in old.values()] == [("superseded", False)] * 2
    assert (other.state, other.holds) == ("waiting", True)
    assert [(e.finding.code, e.label, e.holds) for e in new] == [("pneumonia", True, True)]
    last = old["nodule"].decisions.order_by("created_at").last()
    assert (last.from_state, last.to_state, last.way) == ("approved", "superseded", "release")
    assert last.actor == room.smith
    assert AuditEvent.objects.get(action="queue.superseded").detail["count"] == 2


def test_entry_in_a_snapshot_stays_as_evidence_but_holds_no_longer(room: Room):
    (old,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    act(room.admin_client, old, "approve")
    snapshot = make.SnapshotFactory(project=room.project)
    QueueEntry.objects.filter(pk=old.pk).update(first_snapshot=snapshot)
    (new,) = queued(room.first, room.lin, {"pneumonia": "accepted"}, version=2)
    old.refresh_from_db()
    assert (old.state, old.holds, new.holds) == ("approved", False, True)
    refused = act(room.admin_client, old, "exclude", {"reason": "late"})
    assert (refused.status_code, refused.json()["code"]) == (409, "queue_entry_overruled")
    old.refresh_from_db()
    assert old.state == "approved"


def test_two_entries_of_one_case_and_finding_never_both_hold(room: Room):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    decision = make.ReviewDecisionFactory(review__case=room.first, finding=entry.finding)
    with pytest.raises(IntegrityError), transaction.atomic():
        make.QueueEntryFactory(decision=decision)


# --- decisions


@pytest.mark.parametrize("target", sorted(QUEUE_ENTRY))
def test_the_table_of_states(target):
    expected = {
        "waiting": ["approved", "excluded"],
        "approved": ["waiting"],
        "excluded": ["approved", "waiting"],
        "superseded": ["approved", "waiting"],
    }
    assert sources(QUEUE_ENTRY, target) == expected[target]


def test_unknown_state_has_no_sources():
    with pytest.raises(KeyError):
        sources(QUEUE_ENTRY, "burnt")


def test_a_decision_is_kept_with_person_time_and_reason(room: Room):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    (other,) = queued(room.second, room.lin, {"pneumonia": "rejected"})
    assert act(room.admin_client, entry, "approve").json()["state"] == "approved"
    assert act(room.admin_client, entry, "take-back").json()["state"] == "waiting"
    answer = act(room.admin_client, entry, "exclude", {"reason": "rotated 图像旋转"}).json()
    assert [(row["to_state"], row["way"], row["reason"]) for row in answer["decisions"]] == [
        ("approved", "one", ""),
        ("waiting", "one", ""),
        ("excluded", "one", "rotated 图像旋转"),
    ]
    acts = AuditEvent.objects.filter(target_id=str(entry.pk)).order_by("created_at")
    assert [event.action for event in acts] == [
        "queue.approved",
        "queue.taken_back",
        "queue.excluded",
    ]
    assert "rotated" not in str([event.detail for event in acts])
    other.refresh_from_db()
    assert other.state == "waiting"


@pytest.mark.parametrize(
    ("verbs", "refused", "state"),
    [
        (["approve"], "approve", "approved"),
        (["exclude"], "approve", "excluded"),
        (["exclude"], "exclude", "excluded"),
        ([], "take-back", "waiting"),
    ],
)
def test_what_the_table_does_not_allow_is_a_conflict_and_changes_nothing(
    room: Room, verbs, refused, state
):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    for verb in verbs:
        act(room.admin_client, entry, verb, {"reason": "blurred"})
    before = QueueDecision.objects.count(), AuditEvent.objects.count()
    answer = act(room.admin_client, entry, refused, {"reason": "blurred"})
    assert (answer.status_code, answer.json()["code"]) == (409, "queue_entry_moved")
    assert answer.json()["params"] == {"state": state}
    entry.refresh_from_db()
    assert entry.state == state
    assert (QueueDecision.objects.count(), AuditEvent.objects.count()) == before


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}, {"reason": "x" * 501}])
def test_exclusion_needs_a_reason(room: Room, body):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    assert act(room.admin_client, entry, "exclude", body).status_code == 400
    entry.refresh_from_db()
    assert entry.state == "waiting"
    assert not QueueDecision.objects.exists()


@pytest.mark.parametrize("verb", ["approve", "exclude", "take-back"])
def test_radiologist_and_foreign_admin_change_nothing(room: Room, as_role, verb):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    make.QueueEntryFactory()
    for client in (room.lin_client, as_role("admin", make.ProjectFactory())):
        assert act(client, entry, verb, {"reason": "no"}).status_code == 404
    assert not QueueDecision.objects.exists()
    entry.refresh_from_db()
    assert entry.state == "waiting"


def test_decisions_cannot_be_edited_or_deleted_even_by_sql(room: Room):
    decision = make.QueueDecisionFactory()
    with pytest.raises(AppendOnlyError):
        decision.save()
    for statement in (
        "UPDATE feedback_queuedecision SET reason = 'other'",
        "DELETE FROM feedback_queuedecision",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert QueueDecision.objects.get().reason == ""


# --- the list


def test_filters_and_counts_of_a_hand_made_queue(room: Room):
    queued(
        room.first,
        room.lin,
        {"pneumonia": "rejected", "nodule": "accepted"},
        prediction=room.answer,
        ai_visible=True,
    )
    snapshot = make.SnapshotFactory(project=room.project, number=3)
    QueueEntry.objects.filter(finding=room.nodule).update(first_snapshot=snapshot)
    (late,) = queued(room.second, room.smith, {"pneumonia": "rejected"})
    make.QueueEntryFactory()  # another project's
    act(room.admin_client, late, "approve")
    page = queue(room.admin_client, room)
    assert page["counts"] == [
        {"finding": "pneumonia", "kind": "correction", "state": "waiting", "count": 1, "new": 0},
        {"finding": "pneumonia", "kind": "new_label", "state": "approved", "count": 1, "new": 1},
        {"finding": "nodule", "kind": "new_label", "state": "waiting", "count": 1, "new": 0},
    ]
    assert (page["count"], page["waiting"], page["excludable"]) == (3, 2, 3)
    assert page["last_snapshot"] == 3
    assert [reader["name"] for reader in page["readers"]] == [
        room.smith.display_name,
        room.lin.display_name,
    ]

    def found(**query):
        rows = queue(room.admin_client, room, **query)["rows"]
        return sorted((row["finding"], row["reader"]) for row in rows)

    lin, smith = room.lin.display_name, room.smith.display_name
    assert found(state="approved") == [("pneumonia", smith)]
    assert found(kind="correction") == [("pneumonia", lin)]
    assert found(finding="nodule") == [("nodule", lin)]
    assert found(reader=room.smith.pk) == [("pneumonia", smith)]
    assert found(ai_visible="false") == [("pneumonia", smith)]
    assert found(ai_visible="true") == [("nodule", lin), ("pneumonia", lin)]
    assert found(is_new="true") == [("pneumonia", smith)]
    assert found(created_from=late.created_at.isoformat()) == [("pneumonia", smith)]
    assert found(created_before=late.created_at.isoformat()) == [
        ("nodule", lin),
        ("pneumonia", lin),
    ]
    by_snapshot = {row["finding"]: row["first_snapshot"] for row in page["rows"]}
    assert by_snapshot == {"nodule": 3, "pneumonia": None}


def test_page_has_its_size(room: Room):
    for case in (room.first, room.second):
        queued(case, room.lin, {"pneumonia": "rejected", "nodule": "rejected"})
    first = queue(room.admin_client, room, limit=3)
    second = queue(room.admin_client, room, limit=3, offset=3)
    assert (first["count"], len(first["rows"]), len(second["rows"])) == (4, 3, 1)
    ids = [row["id"] for row in first["rows"] + second["rows"]]
    assert len(set(ids)) == 4


# --- exclusion by filter


def test_exclusion_by_filter_keeps_out_what_was_shown_and_nothing_else(room: Room):
    entries = queued(room.first, room.lin, {"pneumonia": "rejected", "nodule": "accepted"})
    entries += queued(room.second, room.lin, {"pneumonia": "rejected"})
    path = f"/api/projects/{room.project.pk}/queue-entries/exclude"
    body = {"finding": "pneumonia", "expected": 2, "reason": "wrong protocol"}
    assert post(room.admin_client, path, body).json() == {"excluded": 2}
    states = dict(QueueEntry.objects.values_list("finding__code", "state"))
    assert states == {"pneumonia": "excluded", "nodule": "waiting"}
    decisions = QueueDecision.objects.all()
    assert {(d.way, d.reason) for d in decisions} == {("filter", "wrong protocol")}
    event = AuditEvent.objects.get(action="queue.excluded_by_filter")
    assert event.detail["count"] == 2


def test_exclusion_by_filter_is_refused_when_the_queue_has_grown(room: Room):
    queued(room.first, room.lin, {"pneumonia": "rejected"})
    queued(room.second, room.lin, {"pneumonia": "rejected"})
    path = f"/api/projects/{room.project.pk}/queue-entries/exclude"
    answer = post(room.admin_client, path, {"expected": 1, "reason": "wrong protocol"})
    assert (answer.status_code, answer.json()["code"]) == (409, "queue_changed")
    assert answer.json()["params"] == {"count": 2, "expected": 1}
    assert set(QueueEntry.objects.values_list("state", flat=True)) == {"waiting"}
    assert not QueueDecision.objects.exists()
    assert post(room.admin_client, path, {"expected": 2}).status_code == 400


# --- approval by filter


def fill(room: Room, count: int) -> list[QueueEntry]:
    return [
        make.QueueEntryFactory(
            decision__review__case=make.CaseFactory(project=room.project),
            decision__finding=room.pneumonia,
        )
        for _ in range(count)
    ]


def draw(client, room, **query):
    return post(client, f"/api/projects/{room.project.pk}/queue-samples", query)


def approve_rest(client, sample, **body):
    return post(client, f"/api/queue-samples/{sample['id']}/approve-rest", body)


@pytest.mark.parametrize(
    ("frozen", "drawn"), [(1, 1), (20, 1), (21, 2), (40, 2), (399, 20), (400, 20), (5000, 20)]
)
def test_a_twentieth_is_drawn_one_at_least_and_twenty_at_most(frozen, drawn):
    assert sample_size(frozen) == drawn


def test_the_rest_is_approved_once_every_drawn_entry_was_looked_at(room: Room):
    entries = fill(room, 41)  # a twentieth of 41, rounded up: 3
    sample = draw(room.admin_client, room, finding="pneumonia").json()
    assert (sample["frozen"], sample["drawn"], sample["looked_at"]) == (41, 3, 0)
    assert (sample["rest_waiting"], sample["blocker"]) == (38, "sample_not_looked_at")
    late = fill(room, 1)[0]
    for row in sample["rows"]:
        refused = approve_rest(room.admin_client, sample)
        assert (refused.status_code, refused.json()["code"]) == (409, "sample_not_looked_at")
        post(room.admin_client, f"/api/queue-entries/{row['id']}/approve")
    assert QueueEntry.objects.filter(state="approved").count() == 3
    done = approve_rest(room.admin_client, sample).json()
    assert (done["approved"], done["blocker"], done["rest_waiting"]) == (38, "sample_used", 0)
    states = {e.pk: e.state for e in QueueEntry.objects.filter(project=room.project)}
    assert {states[entry.pk] for entry in entries} == {"approved"}
    assert states[late.pk] == "waiting"  # it was not frozen
    ways = list(QueueDecision.objects.values_list("way", flat=True))
    assert (ways.count("one"), ways.count("sample")) == (3, 38)
    event = AuditEvent.objects.get(action="queue.sample_approved")
    assert event.detail == {"count": 38}


def test_the_rest_cannot_be_approved_twice(room: Room):
    fill(room, 2)
    sample = draw(room.admin_client, room).json()
    post(room.admin_client, f"/api/queue-entries/{sample['rows'][0]['id']}/approve")
    assert approve_rest(room.admin_client, sample).status_code == 200
    again = approve_rest(room.admin_client, sample)
    assert (again.status_code, again.json()["code"]) == (409, "sample_used")


def test_excluded_sample_needs_a_reason_to_approve_the_rest(room: Room):
    fill(room, 2)
    sample = draw(room.admin_client, room).json()
    path = f"/api/queue-entries/{sample['rows'][0]['id']}/exclude"
    post(room.admin_client, path, {"reason": "wrong side"})
    refused = approve_rest(room.admin_client, sample)
    assert (refused.status_code, refused.json()["code"]) == (400, "reason_missing")
    assert not QueueEntry.objects.filter(state="approved").exists()
    done = approve_rest(room.admin_client, sample, reason="one rotated image")
    assert (done.json()["excluded"], done.json()["approved"]) == (1, 1)


def test_drawing_again_gives_the_same_entries(room: Room):
    fill(room, 60)
    first, second = draw(room.admin_client, room).json(), draw(room.admin_client, room).json()
    assert first["id"] != second["id"]
    assert [row["id"] for row in first["rows"]] == [row["id"] for row in second["rows"]]


def test_a_drawn_entry_decided_by_a_filter_was_not_looked_at(room: Room):
    fill(room, 3)
    sample = draw(room.admin_client, room).json()
    path = f"/api/projects/{room.project.pk}/queue-entries/exclude"
    assert post(room.admin_client, path, {"expected": 3, "reason": "all"}).status_code == 200
    refused = approve_rest(room.admin_client, sample, reason="why not")
    assert refused.json()["code"] == "sample_not_looked_at"
    # nor does the rest of another sample count as a look at this one's
    for entry in QueueEntry.objects.all():
        act(room.admin_client, entry, "take-back")
    drawn = sample["rows"][0]["id"]
    other = make.QueueSampleFactory(project=room.project)
    for entry in QueueEntry.objects.all():
        make.QueueSampleEntryFactory(sample=other, entry=entry, is_drawn=str(entry.pk) != drawn)
    for item in QueueSampleEntry.objects.filter(sample=other, is_drawn=True):
        act(room.admin_client, item.entry, "approve")
    assert approve_rest(room.admin_client, {"id": other.pk}).json()["approved"] == 1
    assert QueueEntry.objects.get(pk=drawn).state == "approved"
    assert approve_rest(room.admin_client, sample).json()["code"] == "sample_not_looked_at"


def test_a_look_that_was_taken_back_is_none(room: Room):
    fill(room, 2)
    sample = draw(room.admin_client, room).json()
    for verb in ("approve", "take-back"):
        post(room.admin_client, f"/api/queue-entries/{sample['rows'][0]['id']}/{verb}")
    assert approve_rest(room.admin_client, sample).json()["code"] == "sample_not_looked_at"
    assert not QueueEntry.objects.filter(state="approved").exists()


def test_superseded_sample_must_be_drawn_anew(room: Room):
    queued(room.first, room.lin, {"pneumonia": "rejected"})
    sample = draw(room.admin_client, room).json()
    queued(room.first, room.lin, {"pneumonia": "accepted"}, version=2)
    refused = approve_rest(room.admin_client, sample)
    assert (refused.status_code, refused.json()["code"]) == (409, "sample_superseded")
    assert not QueueEntry.objects.filter(state="approved").exists()


def test_nothing_that_waits_is_no_sample(room: Room):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    act(room.admin_client, entry, "approve")
    refused = draw(room.admin_client, room)
    assert (refused.status_code, refused.json()["code"]) == (409, "queue_nothing_waits")
    assert not QueueSampleEntry.objects.exists()


def test_sample_of_another_project_approves_nothing(room: Room, as_role):
    fill(room, 2)
    sample = draw(room.admin_client, room).json()
    for client in (room.lin_client, as_role("admin", make.ProjectFactory())):
        assert approve_rest(client, sample).status_code == 404
        assert client.get(f"/api/queue-samples/{sample['id']}").status_code == 404
    assert set(QueueEntry.objects.values_list("state", flat=True)) == {"waiting"}


# --- an admin who also reads


def test_admin_who_reads_the_patient_blinded_sees_nothing_of_them(room: Room, log_in):
    entries = queued(room.first, room.lin, {"pneumonia": "rejected"})
    queued(room.second, room.lin, {"pneumonia": "rejected"})
    both = make.UserFactory()
    for role in ("admin", "annotator"):
        make.MembershipFactory(user=both, project=room.project, role=role)
    other_study = make.CaseFactory(study__patient=room.first.study.patient)
    make.AssignmentFactory(user=both, case=other_study, role="annotator")
    client = log_in(both)
    page = queue(client, room)
    assert [row["case_id"] for row in page["rows"]] == [str(room.second.pk)]
    assert [row["count"] for row in page["counts"]] == [1]
    assert act(client, entries[0], "approve").status_code == 404
    assert draw(client, room).json()["frozen"] == 1
    whole = draw(room.admin_client, room).json()
    assert client.get(f"/api/queue-samples/{whole['id']}").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("policy", ["on_request", "after_first_impression"])
def test_admin_who_also_reviews_sees_only_cases_whose_ai_was_revealed_to_them(log_in, policy):
    project = make.ProjectFactory(policy=policy)
    finding = make.FindingFactory(project=project, code="pneumonia")
    entries = [
        make.QueueEntryFactory(
            decision__review__case=make.CaseFactory(project=project), decision__finding=finding
        )
        for _ in range(2)
    ]
    reviewer, admin = make.UserFactory(), make.UserFactory()
    for user, role in ((reviewer, "admin"), (reviewer, "radiologist"), (admin, "admin")):
        make.MembershipFactory(user=user, project=project, role=role)
    make.AssignmentFactory(
        user=reviewer,
        case=entries[0].case,
        role="radiologist",
        ai_revealed_at=entries[0].created_at,
    )
    path = f"/api/projects/{project.pk}/queue-entries"
    seen = log_in(reviewer).get(path).json()
    assert [row["id"] for row in seen["rows"]] == [str(entries[0].pk)]
    assert act(log_in(reviewer), entries[1], "approve").status_code == 404
    assert log_in(admin).get(path).json()["count"] == 2


# --- two admins at once


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_two_admins_decide_one_entry_once(room: Room, second_admin):
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})

    def at_once(task):
        client, verb = task
        try:
            return act(client, entry, verb, {"reason": "blurred"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        tasks = [(room.admin_client, "approve"), (second_admin, "approve")]
        statuses = sorted(pool.map(at_once, tasks))
    assert statuses == [200, 409]
    assert QueueDecision.objects.count() == 1
    assert AuditEvent.objects.filter(action="queue.approved").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_two_admins_approve_the_rest_once(room: Room, second_admin):
    fill(room, 4)
    sample = draw(room.admin_client, room).json()
    post(room.admin_client, f"/api/queue-entries/{sample['rows'][0]['id']}/approve")

    def at_once(client):
        try:
            return approve_rest(client, sample).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        statuses = sorted(pool.map(at_once, [room.admin_client, second_admin]))
    assert statuses == [200, 409]
    assert QueueDecision.objects.filter(way="sample").count() == 3


def test_approving_an_entry_that_does_not_exist_is_an_error_of_the_caller(room: Room):
    with pytest.raises(QueueEntry.DoesNotExist):
        entry_approve(uuid.uuid4(), actor=room.lin)
    (entry,) = queued(room.first, room.lin, {"pneumonia": "rejected"})
    entry_approve(entry.pk, actor=room.smith)
    with pytest.raises(Conflict):
        entry_approve(entry.pk, actor=room.smith)
