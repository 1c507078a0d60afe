"""Snapshots: what is approved becomes an immutable set, split by person once and for ever."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from apps import blobs
from apps.cases.models import AuditEvent
from apps.errors import Conflict
from apps.feedback.compute.split import part_of
from apps.feedback.learning import snapshots
from apps.feedback.learning.models import (
    QueueEntry,
    Snapshot,
    SnapshotEntry,
    SplitAssignment,
)
from apps.feedback.learning.selectors.snapshots import patient_key, training_blocker
from apps.feedback.learning.services import entry_exclude
from apps.feedback.learning.snapshots import snapshot_make, splits_store
from apps.feedback.review.models import RoiRevision
from apps.inference.compute.snapshot import read_snapshot
from tests import factories as make
from tests.feedback.conftest import Room
from tests.feedback.test_queue import queued

SQUARE = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]


def person_of(part: str, project):
    """A patient row whose person falls into this part."""
    while True:
        patient = make.PatientFactory()
        if part_of(patient_key(patient), project=project.pk) == part:
            return patient


def approved(room: Room, part: str, *, label=True, before_ai=None, finding=None) -> QueueEntry:
    """An approved entry of a new case of a new person in this part."""
    case = make.CaseFactory(
        project=room.project, study=make.StudyFactory(patient=person_of(part, room.project))
    )
    return make.QueueEntryFactory(
        decision__review__case=case,
        decision__finding=finding or room.pneumonia,
        label=label,
        label_before_ai=before_ai,
        state="approved",
    )


def manifest_of(snapshot: Snapshot) -> dict:
    with blobs.open_blob(snapshot.manifest_sha256) as file:
        return json.loads(file.read())


@pytest.fixture
def admin(room: Room):
    return make.UserFactory(display_name="Ada")


def path(room: Room, rest="") -> str:
    return f"/api/projects/{room.project.pk}/snapshots{rest}"


def make_by(client, room: Room):
    return client.post(path(room), {}, content_type="application/json")


def test_hand_worked_snapshot(room: Room):
    positive = approved(room, "train", label=True)
    negative = approved(room, "validation", label=False)
    tested = approved(room, "test", label=True, before_ai=False)
    unknown = approved(room, "test", label=True)
    waiting = approved(room, "train")
    QueueEntry.objects.filter(pk=waiting.pk).update(state="waiting")
    answer = make_by(room.admin_client, room).json()
    assert answer["is_new"] is True
    made = answer["snapshot"]
    assert (made["number"], made["entries"], made["added"]) == (1, 3, 3)
    assert made["left_out"] == {
        "no_label_before_ai": 1,
        "no_image": 0,
        "positive_without_roi": 0,
    }
    assert made["counts"] == [
        {
            "finding": "pneumonia",
            "train": {"positive": 1, "negative": 0},
            "validation": {"positive": 0, "negative": 1},
            "test": {"positive": 0, "negative": 1},
        }
    ]
    assert made["image_counts"] == {"train": 1, "validation": 1, "test": 1}
    snapshot = Snapshot.objects.get()
    manifest = manifest_of(snapshot)
    expected = [
        {
            "case": str(entry.case_id),
            "rendition_sha256": entry.case.instances.get().rendition_sha256,
            "frame_number": 1,
            "part": part,
            "labels": {"pneumonia": value},
            "rois": {},
        }
        for entry, part, value in (
            (positive, "train", True),
            (negative, "validation", False),
            (tested, "test", False),
        )
    ]
    expected.sort(key=lambda item: item["case"])
    assert manifest == {"format": 1, "findings": ["pneumonia"], "items": expected}
    with blobs.open_blob(snapshot.manifest_sha256) as file:
        read = read_snapshot(file.read())  # as the worker that trains reads it
    assert [item.labels for item in read.items] == [item["labels"] for item in expected]
    lineage = SnapshotEntry.objects.values_list("entry", "part", "label")
    assert set(lineage) == {
        (positive.pk, "train", True),
        (negative.pk, "validation", False),
        (tested.pk, "test", False),
    }
    rows = room.admin_client.get(f"/api/projects/{room.project.pk}/queue-entries").json()["rows"]
    shown = {row["id"]: row["first_snapshot"] for row in rows}
    assert shown == {
        str(positive.pk): 1,
        str(negative.pk): 1,
        str(tested.pk): 1,
        str(unknown.pk): None,
        str(waiting.pk): None,
    }
    event = AuditEvent.objects.get(action="snapshot.made")
    assert event.detail["manifest_sha256"] == snapshot.manifest_sha256


def test_regions_come_from_the_newest_revision_of_the_labels_own_review(room: Room):
    entry = approved(room, "train")
    front = entry.case.instances.get()
    side = make.InstanceFactory(series=front.series)
    make.CaseInstanceFactory(case=entry.case, instance=side)
    review = entry.decision.review

    def revision(roi_id, number, instance, *, finding=room.pneumonia, of=review, **changes):
        RoiRevision.objects.create(
            review=of,
            roi_id=roi_id,
            number=number,
            finding=finding,
            instance=instance,
            kind="rectangle",
            vertices=changes.pop("vertices", SQUARE),
            author=review.reader,
            ai_visible=True,
            spacing_kind="none",
            **changes,
        )

    ids = [f"00000000-0000-0000-0000-00000000000{digit}" for digit in range(4)]
    moved = [[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]]
    revision(ids[0], 1, side)
    revision(ids[0], 2, side, vertices=moved)
    revision(ids[1], 1, front)
    revision(ids[1], 2, front, is_removed=True)
    revision(ids[2], 1, front, finding=room.nodule)
    revision(ids[3], 1, front, of=make.ReviewFactory(case=entry.case))
    splits_store(room.project)
    snapshot = snapshot_make(room.project, actor=room.lin).snapshot
    (item,) = manifest_of(snapshot)["items"]
    assert item["rendition_sha256"] == side.rendition_sha256
    assert (item["labels"], item["rois"]) == ({"pneumonia": True}, {"pneumonia": [moved]})


# --- the split


def test_two_rows_of_one_person_share_a_part_for_ever(room: Room, admin):
    entry = approved(room, "train")
    known = entry.case.study.patient
    twin = make.PatientFactory(
        patient_id=known.patient_id, identity_sha256="f" * 64, name="Zang^Wei"
    )
    case = make.CaseFactory(project=room.project, study=make.StudyFactory(patient=twin))
    make.QueueEntryFactory(
        decision__review__case=case, decision__finding=room.pneumonia, state="approved"
    )
    snapshot_make(room.project, actor=admin)
    assert SplitAssignment.objects.count() == 1
    parts = SnapshotEntry.objects.values_list("part", flat=True)
    assert list(parts) == ["train", "train"]


def test_stored_part_wins_over_the_draw_and_over_every_later_snapshot(room: Room, admin):
    entry = approved(room, "train", before_ai=True)
    key = patient_key(entry.case.study.patient)
    make.SplitAssignmentFactory(project=room.project, patient_sha256=key, part="test")
    preview = room.admin_client.get(path(room, "/preview")).json()
    assert preview["image_counts"] == {"train": 0, "validation": 0, "test": 1}
    snapshot_make(room.project, actor=admin)
    assert SnapshotEntry.objects.get().part == "test"
    assert SplitAssignment.objects.count() == 1


def test_parts_do_not_depend_on_who_came_first(room: Room, admin):
    entries = [approved(room, part) for part in ("train", "validation", "train")]
    expected = {
        patient_key(entry.case.study.patient): part_of(
            patient_key(entry.case.study.patient), project=room.project.pk
        )
        for entry in entries
    }
    QueueEntry.objects.exclude(pk=entries[2].pk).update(state="waiting")
    snapshot_make(room.project, actor=admin)
    QueueEntry.objects.update(state="approved")
    snapshot_make(room.project, actor=admin)
    stored = SplitAssignment.objects.values_list("patient_sha256", "part")
    assert dict(stored) == expected


@pytest.mark.parametrize(
    "table", ["feedback_splitassignment", "feedback_snapshot", "feedback_snapshotentry"]
)
def test_split_and_snapshot_cannot_be_edited_or_deleted_even_by_sql(room: Room, admin, table):
    approved(room, "train")
    snapshot_make(room.project, actor=admin)
    for act in (f"UPDATE {table} SET created_at = created_at", f"DELETE FROM {table}"):  # noqa: S608
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(act)


def test_a_person_has_one_part_in_a_project(room: Room):
    row = make.SplitAssignmentFactory(project=room.project)
    make.SplitAssignmentFactory(patient_sha256=row.patient_sha256, part="test")
    with pytest.raises(DatabaseError), transaction.atomic():
        make.SplitAssignmentFactory(
            project=room.project, patient_sha256=row.patient_sha256, part="test"
        )


# --- content


def test_same_content_gives_the_existing_snapshot(room: Room, admin):
    entries = [approved(room, "train"), approved(room, "train", label=False)]
    first = snapshot_make(room.project, actor=admin)
    again = make_by(room.admin_client, room).json()
    assert again["is_new"] is False
    assert again["snapshot"]["id"] == str(first.snapshot.pk)
    entry_exclude(entries[0].pk, actor=admin, reason="blurred")
    second = snapshot_make(room.project, actor=admin)
    assert (second.is_new, second.snapshot.number) == (True, 2)
    QueueEntry.objects.update(state="approved")
    third = snapshot_make(room.project, actor=admin)
    assert third.snapshot == first.snapshot
    assert Snapshot.objects.count() == 2
    assert AuditEvent.objects.filter(action="snapshot.made").count() == 2


def test_manifest_is_named_by_its_content(room: Room, admin):
    approved(room, "train")
    snapshot = snapshot_make(room.project, actor=admin).snapshot
    with blobs.open_blob(snapshot.manifest_sha256) as file:
        assert hashlib.sha256(file.read()).hexdigest() == snapshot.manifest_sha256
    row = room.admin_client.get(f"/api/snapshots/{snapshot.pk}").json()
    assert row["manifest_sha256"] == snapshot.manifest_sha256


def test_overruled_label_leaves_the_next_snapshot_and_stays_in_the_old_one(room: Room, admin):
    person = person_of("train", room.project)
    case = make.CaseFactory(project=room.project, study=make.StudyFactory(patient=person))
    other = approved(room, "train", label=False)
    (old,) = queued(case, room.lin, {"pneumonia": "rejected"})
    QueueEntry.objects.filter(pk=old.pk).update(state="approved")
    first = snapshot_make(room.project, actor=admin).snapshot
    (new,) = queued(case, room.smith, {"pneumonia": "accepted"}, version=2)
    # nobody has let the new label in yet, and the old one counts no longer
    second = snapshot_make(room.project, actor=admin).snapshot
    QueueEntry.objects.filter(pk=new.pk).update(state="approved")
    third = snapshot_make(room.project, actor=admin).snapshot
    assert set(first.entries.values_list("entry", flat=True)) == {old.pk, other.pk}
    assert set(second.entries.values_list("entry", flat=True)) == {other.pk}
    assert set(third.entries.values_list("entry", flat=True)) == {new.pk, other.pk}
    page = room.admin_client.get(path(room)).json()
    assert [(row["number"], row["entries"], row["added"]) for row in page["rows"]] == [
        (3, 2, 1),
        (2, 1, 0),
        (1, 2, 2),
    ]


def test_preview_says_what_a_snapshot_would_hold_and_changes_nothing(room: Room, admin):
    approved(room, "train")
    approved(room, "test")
    snapshot_make(room.project, actor=admin)
    gone = QueueEntry.objects.filter(first_snapshot__isnull=False).get()
    entry_exclude(gone.pk, actor=admin, reason="blurred")
    approved(room, "train", label=False)
    approved(room, "validation", label=False)
    splits = SplitAssignment.objects.count()
    preview = room.admin_client.get(path(room, "/preview")).json()
    assert preview == {
        "counts": [
            {
                "finding": "pneumonia",
                "train": {"positive": 0, "negative": 1},
                "validation": {"positive": 0, "negative": 1},
                "test": {"positive": 0, "negative": 0},
            }
        ],
        "image_counts": {"train": 1, "validation": 1, "test": 0},
        "left_out": {"no_label_before_ai": 1, "no_image": 0, "positive_without_roi": 0},
        "entries": 2,
        "added": 2,
        "removed": 1,
        "waiting": 0,
        "last_snapshot": 1,
        "findings_of_model": ["pneumonia"],
    }
    assert SplitAssignment.objects.count() == splits
    assert Snapshot.objects.count() == 1


def test_nothing_usable_makes_no_snapshot(room: Room):
    approved(room, "test")
    refused = make_by(room.admin_client, room)
    assert (refused.status_code, refused.json()["code"]) == (409, "snapshot_empty")
    assert refused.json()["params"] == {"left_out": {"no_label_before_ai": 1}}
    assert not Snapshot.objects.exists()


def test_radiologist_makes_no_snapshot_and_sees_none(room: Room):
    approved(room, "train")
    assert make_by(room.lin_client, room).status_code == 404
    assert room.lin_client.get(path(room)).status_code == 404
    assert not Snapshot.objects.exists()
    assert not SplitAssignment.objects.exists()


def test_exclusion_between_look_and_write_makes_no_snapshot(room: Room, admin, monkeypatch):
    approved(room, "train")
    late = approved(room, "train")
    store = snapshots._put

    def exclude_meanwhile(manifest):
        entry_exclude(late.pk, actor=admin, reason="blurred")
        return store(manifest)

    monkeypatch.setattr(snapshots, "_put", exclude_meanwhile)
    with pytest.raises(Conflict) as refusal:
        snapshot_make(room.project, actor=admin)
    assert refusal.value.code == "queue_changed_meanwhile"
    assert not Snapshot.objects.exists()
    assert not QueueEntry.objects.filter(first_snapshot__isnull=False).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.full
def test_two_admins_at_once_make_one_snapshot(room: Room, admin):
    approved(room, "train")

    def at_once(_):
        try:
            return snapshot_make(room.project, actor=admin)
        except Conflict as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(at_once, range(2)))
    snapshot = Snapshot.objects.get()
    assert {each.snapshot for each in made if not isinstance(each, Conflict)} == {snapshot}
    assert SnapshotEntry.objects.count() == 1


def test_preview_and_making_need_few_queries_however_many_labels(room: Room, admin):
    counts = []
    for _ in range(3):
        for part in ("train", "test"):
            approved(room, part, before_ai=True)
        with CaptureQueriesContext(connection) as preview:
            assert room.admin_client.get(path(room, "/preview")).status_code == 200
        with CaptureQueriesContext(connection) as making:
            snapshot_make(room.project, actor=admin)
        counts.append((len(preview), len(making)))
    assert counts[1] == counts[2]  # before the first snapshot there is one question less
    assert counts[2][0] <= 15


# --- can a model learn from it


def blocker(room: Room, **train):
    counts = {code: {"train": {"positive": p, "negative": n}} for code, (p, n) in train.items()}
    found = training_blocker(counts, champion=room.answer.model_version)
    return found.code, found.findings


def test_what_stands_between_a_snapshot_and_a_training(room: Room):
    # the model of the room speaks of pneumonia alone
    assert blocker(room, pneumonia=(1, 1)) == ("", ())
    assert blocker(room, pneumonia=(1, 1), nodule=(3, 0)) == ("", ())
    assert blocker(room, pneumonia=(2, 0)) == ("one_class_only", ("pneumonia",))
    assert blocker(room, pneumonia=(0, 2)) == ("one_class_only", ("pneumonia",))
    assert blocker(room, pneumonia=(0, 0)) == ("no_training_labels", ())
    assert blocker(room, nodule=(1, 1)) == ("no_training_labels", ())
    assert training_blocker({}, champion=None).code == "no_champion"
