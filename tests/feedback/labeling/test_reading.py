"""A reader's way through a round, over HTTP: offered, opened, saved, locked, taken back, left."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.cases.models import AuditEvent, Exposure
from apps.feedback.labeling.models.rounds import Read, ReadLock, RoundCase
from tests.factories import (
    CaseFactory,
    CaseInstanceFactory,
    InstanceFactory,
    MembershipFactory,
    ReadingRoundFactory,
    RoundMemberFactory,
    RoundPolicyFactory,
)
from tests.feedback.labeling.room import UNREADABLE, Room, make_room, roi, said, settle

pytestmark = pytest.mark.django_db


@pytest.fixture
def room(log_in) -> Room:
    return make_room(log_in, cases=3)


def code_of(response: Any) -> str:
    return str(response.json()["code"])


def test_a_read_is_opened_saved_and_locked(room):
    ann = room.annotators[0]
    read = ann.take()
    assert read["state"] == "opened"
    assert [finding["code"] for finding in read["findings"]] == ["nodule", "effusion"]
    path = f"/api/reads/{read['read_id']}"
    content = said("present", rois=[roi(read, 0, 0, 2, 2)])
    saved = ann.got("PUT", f"{path}/draft", {"revision": 0, "content": content, "active_s": 1.0})
    assert saved["revision"] == 1
    assert saved["content"]["rois"] == content["rois"]
    read["revision"] = 1
    locked = ann.lock(read, content)
    assert locked.status_code == 200
    assert locked.json()["state"] == "locked"
    stored = ReadLock.objects.get()
    assert stored.content["rois"][0]["sop_instance_uid"] != content["rois"][0]["sop_instance_uid"]
    assert stored.content_sha256 == locked.json()["content_sha256"]
    assert AuditEvent.objects.filter(action="read.locked").count() == 1
    again = ann.open(read["read_id"])
    assert (again["state"], again["content"]["rois"]) == ("locked", content["rois"])


def test_a_read_that_is_loaded_ahead_is_not_opened_by_it(room):
    """Whoever stops here has used up no case: it is offered again, to them or to another."""
    ann = room.annotators[0]
    offer = ann.next()
    path = f"/api/reads/{offer['read_id']}"
    ahead = ann.got("GET", path)
    images = f"{ahead['dicomweb_root']}/studies/{ahead['study_instance_uid']}/metadata"
    assert len(ann.got("GET", images)) == 1
    assert ann.got("GET", path)["state"] == "offered"
    stored = Read.objects.get()
    assert (stored.state, stored.opened_at) == ("offered", None)
    body = {"revision": 0, "content": said(), "active_s": 1}
    assert ann.send("PUT", f"{path}/draft", body).status_code == 409
    assert ann.open(offer["read_id"]) == {**ahead, "state": "opened"}
    assert ann.open(offer["read_id"])["state"] == "opened"


def test_the_same_lock_sent_again_is_one_lock_and_an_altered_one_is_refused(room):
    ann = room.annotators[0]
    read = ann.take()
    first = ann.lock(read, said(), key="one")
    again = ann.lock(read, said(), key="one")
    assert first.json() == again.json()
    altered = ann.lock(read, said("not_assessable"), key="one")
    assert (altered.status_code, code_of(altered)) == (400, "idempotency_key_reused")
    other_key = ann.lock(read, said("not_assessable"), key="two")
    assert (other_key.status_code, code_of(other_key)) == (409, "read_locked")
    assert ReadLock.objects.count() == 1


def test_every_image_of_a_read_has_names_of_the_reads_own(room):
    first, second = (person.take() for person in room.annotators)
    room_case = RoundCase.objects.filter(round=room.round)
    assert {read["pseudonym"] for read in (first, second)}.__len__() == 2
    uids = [
        {read["study_instance_uid"], read["series"][0]["series_instance_uid"]}
        for read in (first, second)
    ]
    assert not uids[0] & uids[1]
    real = set(room_case.values_list("case__study__study_instance_uid", flat=True))
    assert not real & (uids[0] | uids[1])


def test_images_come_only_under_the_reads_own_names(room):
    ann, other = room.annotators
    read = ann.take()
    headers = ann.client.get(
        f"{read['dicomweb_root']}/studies/{read['study_instance_uid']}/metadata"
    )
    assert headers.status_code == 200
    (header,) = headers.json()
    assert "00100010" not in header
    instance = read["series"][0]["instances"][0]
    assert header["00080018"]["Value"] == [instance["sop_instance_uid"]]
    path = (
        f"{read['dicomweb_root']}/studies/{read['study_instance_uid']}"
        f"/series/{read['series'][0]['series_instance_uid']}"
        f"/instances/{instance['sop_instance_uid']}/frames/1"
    )
    assert ann.client.get(path).status_code in {200, 404}  # no bytes are stored in this test
    assert other.client.get(path).status_code == 404
    study = Read.objects.get(pk=read["read_id"]).case.study
    real = f"{read['dicomweb_root']}/studies/{study.study_instance_uid}/metadata"
    assert ann.client.get(real).status_code == 404


def test_what_was_derived_of_the_case_is_never_shown(room):
    case = room.cases[0]
    CaseInstanceFactory(
        case=case,
        instance=InstanceFactory(series__study=case.study, has_pixels=False, is_classifiable=False),
    )
    for person in room.annotators:
        for _ in range(3):
            read = person.read_next(said())
            assert [len(series["instances"]) for series in read["series"]] == [1]


def test_nobody_reads_a_case_twice_and_nobody_reads_it_after_the_last_slot(room):
    for person in room.annotators:
        for _ in range(3):
            person.read_next(said())
        assert person.next()["reason"] == "nothing_now"
    late = room.join("annotator")
    nothing = {"read_id": None, "arbitration_id": None, "reason": "nothing_now", "read": None}
    assert late.next() == nothing
    assert late.next(load=True) == nothing
    assert Read.objects.filter(reader=room.annotators[0].user).count() == 3


def test_a_read_can_come_with_the_offer_and_only_the_one_in_hand_is_opened_by_it(room):
    ann, bob = room.annotators[:2]
    assert ann.next()["read"] is None
    here = ann.next(load=True)
    assert here["read"]["state"] == "opened"
    assert here["read"] == ann.open(here["read_id"])
    ahead = ann.next(ahead=True, load=True)
    assert ahead["read"]["state"] == "offered"
    assert ahead["read"] == ann.got("GET", f"/api/reads/{ahead['read_id']}")
    fresh = bob.next(load=True)
    assert fresh["read"] == bob.open(fresh["read_id"])


def test_the_one_ahead_is_the_next_one(room):
    ann = room.annotators[0]
    first = ann.next()["read_id"]
    ahead = ann.next(ahead=True)["read_id"]
    assert first != ahead
    assert ann.next(ahead=True)["read_id"] == ahead
    assert ann.next()["read_id"] == first
    ann.open(ahead)
    assert ann.lock(ann.open(first), said()).status_code == 200
    assert ann.next()["read_id"] == ahead


def test_odd_reads_ask_back_and_broken_ones_are_refused(room):
    ann = room.annotators[0]
    read = ann.take()
    path = f"/api/reads/{read['read_id']}/lock"

    def sent(content: dict[str, Any], *, confirmed: bool = False) -> Any:
        body = {"revision": 0, "content": content, "active_s": 0, "confirmed": confirmed}
        return ann.send("POST", path, body)

    unanswered = {**said(), "answers": []}
    refused = sent(unanswered, confirmed=True)
    assert (refused.status_code, code_of(refused)) == (400, "lock_odd")
    assert {odd["finding"] for odd in refused.json()["params"]["odd"]} == {"nodule", "effusion"}
    no_grade = sent(said(effusion="present"), confirmed=True)
    assert no_grade.json()["params"]["odd"] == [
        {"code": "grade_missing", "finding": "effusion", "blocks": True}
    ]
    outside = said("present", rois=[roi(read, 0, 0, 50, 2)])
    assert code_of(sent(outside)) == "mark_outside_image"
    flat = said("present", rois=[roi(read, 1, 1, 1, 2)])
    assert code_of(sent(flat)) == "roi_without_area"
    contradiction = said("absent", rois=[roi(read, 0, 0, 2, 2)])
    assert sent(contradiction).json()["params"]["odd"][0]["code"] == "roi_without_presence"
    assert Read.objects.get(pk=read["read_id"]).state == "opened"
    assert sent(contradiction, confirmed=True).status_code == 200


def test_a_lock_is_taken_back_in_its_time_and_never_after(room, settings):
    settings.TAKE_BACK_WINDOW_S = 300
    ann, other = room.annotators
    read = ann.read_next(said())
    for _ in range(3):
        other.read_next(said("present", rois=()))
    settle()  # whatever others did
    taken = ann.got("POST", f"/api/reads/{read['read_id']}/take-back")
    assert taken["content"]["answers"][0]["value"] == "absent"
    again = {**read, "revision": taken["revision"]}
    assert ann.lock(again, said("not_assessable")).status_code == 200
    assert ReadLock.objects.filter(read=read["read_id"]).count() == 2
    Read.objects.filter(pk=read["read_id"]).update(
        locked_at=timezone.now() - timedelta(seconds=301)
    )
    late = ann.send("POST", f"/api/reads/{read['read_id']}/take-back")
    assert (late.status_code, code_of(late)) == (409, "take_back_over")


def test_skipping_and_recusing_give_the_slot_to_another(room):
    ann = room.annotators[0]
    for way in ("skip", "recuse"):
        read = ann.take()
        path = f"/api/reads/{read['read_id']}/{way}"
        assert ann.send("POST", path, {"reason": " "}).status_code == 400
        ann.got("POST", path, {"reason": "I know this patient"})
        assert ann.send("POST", path, {"reason": "again"}).status_code == 409
    ann.read_next(said())
    assert ann.next()["reason"] == "nothing_now"
    assert sum(RoundCase.objects.values_list("open_slots", flat=True)) == 5


def test_an_expired_lease_gives_the_slot_back_and_keeps_the_draft(room):
    ann, other = room.annotators
    read = ann.take()
    path = f"/api/reads/{read['read_id']}/draft"
    ann.got("PUT", path, {"revision": 0, "content": said("present"), "active_s": 1})
    Read.objects.filter(pk=read["read_id"]).update(lease_until=timezone.now() - timedelta(1))
    settle()
    lost = ann.send("PUT", path, {"revision": 1, "content": said(), "active_s": 1})
    assert (lost.status_code, code_of(lost)) == (409, "read_expired")
    kept = Read.objects.get(pk=read["read_id"])
    assert (kept.state, kept.slot) == ("expired", None)
    assert kept.content["answers"][1]["value"] == "present"
    assert ann.open(read["read_id"])["series"] == []
    for _ in range(3):
        other.read_next(said())
    assert RoundCase.objects.get(pk=kept.round_case_id).open_slots == 1


def test_an_offer_that_nobody_opened_lapses_without_a_trace(room):
    ann = room.annotators[0]
    offered = ann.next()["read_id"]
    Read.objects.filter(pk=offered).update(lease_until=timezone.now() - timedelta(1))
    settle()
    seen = {ann.read_next(said())["read_id"] for _ in range(3)}
    assert len(seen) == 3


def test_two_tabs_do_not_overwrite_each_other(room):
    ann = room.annotators[0]
    read = ann.take()
    path = f"/api/reads/{read['read_id']}/draft"
    ann.got("PUT", path, {"revision": 0, "content": said("present"), "active_s": 1})
    stale = ann.send("PUT", path, {"revision": 0, "content": said(), "active_s": 1})
    assert (stale.status_code, code_of(stale)) == (409, "stale_revision")
    assert stale.json()["params"] == {"revision": 1}


def test_a_withdrawn_member_sees_nothing_and_a_paused_one_loses_nothing(room):
    ann = room.annotators[0]
    read = ann.take()
    member = room.round.members.get(user=ann.user)
    member.state = "paused"
    member.save()
    path = f"/api/reads/{read['read_id']}"
    body = {"revision": 0, "content": said(), "active_s": 1}
    assert code_of(ann.send("PUT", f"{path}/draft", body)) == "read_paused"
    assert ann.got("GET", path)["state"] == "opened"
    member.state = "withdrawn"
    member.save()
    assert ann.send("GET", path).status_code == 404
    assert ann.send("PUT", f"{path}/draft", body).status_code == 404
    assert ann.got("GET", "/api/label-rounds") == []


def test_who_knows_an_answer_is_never_offered_the_case(room, log_in):
    knows = room.annotators[0]
    Exposure.objects.create(user=knows.user, kind="gold_author", case=room.cases[0])
    elsewhere = CaseFactory(study=room.cases[1].study, instance=False)
    Exposure.objects.create(user=knows.user, kind="project_role", project=elsewhere.project)
    read = knows.take()
    assert Read.objects.get(pk=read["read_id"]).case == room.cases[2]
    knows.lock(read, said())
    assert knows.next()["reason"] == "nothing_now"


def test_who_comes_to_know_an_answer_cannot_lock(room):
    ann = room.annotators[0]
    read = ann.take()
    MembershipFactory(user=ann.user, project=room.project, role="radiologist")
    refused = ann.lock(read, said())
    assert (refused.status_code, code_of(refused)) == (409, "no_longer_blinded")
    assert Read.objects.get(pk=read["read_id"]).state == "withdrawn"
    assert ReadLock.objects.count() == 0


def test_an_unreadable_case_needs_a_reason_and_no_answers(room):
    ann = room.annotators[0]
    read = ann.take()
    without = {**UNREADABLE, "unreadable_reason": ""}
    assert code_of(ann.lock(read, without)) == "lock_odd"
    assert ann.lock(read, UNREADABLE).status_code == 200


def test_progress_counts_only_ones_own(room):
    ann, other = room.annotators
    ann.read_next(said())
    other.read_next(said())
    other.read_next(said())
    (own,) = ann.got("GET", "/api/label-rounds")
    assert (own["locked"], own["locked_today"]) == (1, 1)
    reads = ann.got("GET", f"/api/label-rounds/{room.round.pk}/my-reads")
    assert reads["count"] == 1
    assert reads["rows"][0]["has_result"] is False


def test_caps_hold(log_in):
    room = make_room(log_in, cases=3, cap=2)
    ann = room.annotators[0]
    ann.read_next(said())
    ann.read_next(said())
    assert ann.next()["reason"] == "cap"


@pytest.mark.parametrize("path", ["/api/label-rounds", "/api/label-rounds/{}/my-reads"])
def test_own_lists_need_few_queries_whatever_their_length(room, path):
    ann = room.annotators[0]
    counts = []
    for _ in range(2):
        ann.read_next(said())
        with CaptureQueriesContext(connection) as queries:
            ann.got("GET", path.format(room.round.pk))
        counts.append(len(queries))
        other = ReadingRoundFactory(project=room.project)
        RoundPolicyFactory(round=other, version=1)
        RoundMemberFactory(round=other, user=ann.user)
    assert counts[0] == counts[1] <= 14
