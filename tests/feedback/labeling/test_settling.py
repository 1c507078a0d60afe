"""From the last lock to the label: compared once, arbitrated, sealed, released, queued."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.cases.access import reads_blinded
from apps.cases.models import Exposure, Membership
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Comparison,
    Read,
    ReadingRound,
    RoundCase,
    RoundPolicy,
)
from apps.feedback.labeling.models.verdicts import ArbitrationDecision, Consensus
from apps.feedback.labeling.services.settling import case_compare
from apps.feedback.learning.models import QueueEntry
from tests.factories import GoldAnswerFactory
from tests.feedback.labeling.room import UNREADABLE, Person, Room, make_room, roi, said, settle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(settings):
    settings.TAKE_BACK_WINDOW_S = 0


def everybody(room: Room, *contents: dict[str, Any]) -> RoundCase:
    for person, content in zip(room.annotators, contents, strict=True):
        person.read_next(content)
    settle()
    return room.round_case(room.cases[0])


def sit_down(arbitrator: Person, content: dict[str, Any]) -> dict[str, Any]:
    """Take the seat, lock the own blind read; give what is revealed."""
    offer = arbitrator.next()
    seat = f"/api/arbitrations/{offer['arbitration_id']}"
    assert arbitrator.send("GET", seat).status_code == 404  # the own read first (I6)
    response = arbitrator.lock(arbitrator.open(offer["read_id"]), content)
    assert (response.status_code, response.json()["state"]) == (200, "final")
    revealed: dict[str, Any] = arbitrator.got("GET", seat)
    return revealed


def decision(finding: str, choice: str, **more: Any) -> dict[str, Any]:
    return {
        "finding": finding,
        "choice": choice,
        "rois": [],
        "reason": "overlooked",
        "comment": "",
        **more,
    }


def decide(arbitrator: Person, seat: dict[str, Any], decisions: Sequence[Any]) -> Any:
    path = f"/api/arbitrations/{seat['arbitration_id']}/decide"
    return arbitrator.send(
        "POST", path, {"revision": seat["revision"], "decisions": list(decisions)}
    )


def letter_of(seat: dict[str, Any], finding: str, value: str) -> str:
    """Find the reader who said so."""
    for reader in seat["readers"]:
        for answer in reader["content"]["answers"]:
            if (answer["finding"], answer["value"]) == (finding, value):
                return str(reader["letter"]).lower()
    raise LookupError(value)


def labels(consensus: Consensus) -> dict[str, Any]:
    return {label.finding.code: label for label in consensus.labels.select_related("finding")}


def test_readers_who_agree_make_a_consensus_by_themselves(log_in):
    room = make_room(log_in)
    for person in room.annotators:
        read = person.take()
        drawn = [roi(read, 0, 0, 2, 2)]
        content = said("present", "present", grade="small", rois=drawn)
        assert person.lock(read, content).status_code == 200
    settle()
    round_case = room.round_case(room.cases[0])
    assert round_case.state == "sealed"
    assert Comparison.objects.get().is_concordant
    consensus = Consensus.objects.get()
    assert consensus.method == "concordant"
    nodule = labels(consensus)["nodule"]
    assert (nodule.value, nodule.share_present, nodule.roi_method) == ("present", 1.0, "majority")
    ((found,),) = [nodule.rois]
    assert {tuple(vertex) for vertex in found["vertices"]} == {(0, 0), (2, 0), (2, 2), (0, 2)}
    assert labels(consensus)["effusion"].grade == "small"
    assert QueueEntry.objects.count() == 0  # nothing counts before the release


def test_nothing_is_compared_before_the_last_lock_is_final(log_in, settings):
    room = make_room(log_in)
    settings.TAKE_BACK_WINDOW_S = 300
    round_case = everybody(room, said(), said())
    assert (round_case.state, round_case.unfinal) == ("open", 2)
    settings.TAKE_BACK_WINDOW_S = 0
    settle()
    assert room.round_case(room.cases[0]).state == "sealed"


def test_a_comparison_is_made_once_however_often_it_is_asked_for(log_in):
    room = make_room(log_in)
    round_case = everybody(room, said(), said("present"))
    assert case_compare(round_case.pk) is False
    assert Comparison.objects.count() == 1
    assert Arbitration.objects.count() == 1


def test_an_arbitrator_decides_what_differs_and_the_reads_stay_as_they_were(log_in):
    room = make_room(log_in)
    arbitrator = room.arbitrators[0]
    assert arbitrator.next()["reason"] == "nothing_now"
    everybody(room, said("present"), said("absent"))
    before = list(Read.objects.filter(kind="annotator").values())
    seat = sit_down(arbitrator, said("absent"))
    assert [conflict["finding"] for conflict in seat["conflicts"]] == ["nodule"]
    assert seat["agreed"] == [{"finding": "effusion", "value": "absent", "grade": ""}]
    assert {reader["letter"] for reader in seat["readers"]} == {"A", "B"}
    assert Exposure.objects.filter(user=arbitrator.user, kind="reads_revealed").count() == 1
    chosen = letter_of(seat, "nodule", "present")
    open_ended = decide(arbitrator, seat, [decision("nodule", chosen, reason="none")])
    assert (open_ended.status_code, open_ended.json()["code"]) == (400, "decision_incomplete")
    assert decide(arbitrator, seat, [decision("nodule", chosen)]).status_code == 200
    settle()
    assert list(Read.objects.filter(kind="annotator").values()) == before
    consensus = Consensus.objects.get()
    assert consensus.method == "arbitrated"
    assert labels(consensus)["nodule"].value == "present"
    assert labels(consensus)["nodule"].share_present == 0.5
    decided = ArbitrationDecision.objects.get(finding=room.nodule)
    assert (decided.blind_value, decided.value) == ("absent", "present")  # anchoring is measured
    assert decide(arbitrator, seat, [decision("nodule", chosen)]).status_code == 409


def test_a_draft_of_decisions_is_kept_and_stale_tabs_are_told(log_in):
    room = make_room(log_in)
    arbitrator = room.arbitrators[0]
    everybody(room, said("present"), said("absent"))
    seat = sit_down(arbitrator, said("absent"))
    path = f"/api/arbitrations/{seat['arbitration_id']}"
    merged = decision("nodule", "merged", rois=[roi(seat, 0, 0, 2, 2)])
    body = {"revision": 0, "draft": {"decisions": [merged]}}
    assert arbitrator.got("PUT", f"{path}/draft", body)["revision"] == 1
    assert arbitrator.send("PUT", f"{path}/draft", body).json()["code"] == "stale_revision"
    again = arbitrator.got("GET", path)
    assert again["draft"]["decisions"][0]["rois"] == merged["rois"]
    other = decision("effusion", "a")
    refused = decide(arbitrator, again, [merged, other])
    assert (refused.status_code, refused.json()["code"]) == (400, "not_in_conflict")
    assert decide(arbitrator, again, [merged]).status_code == 200
    settle()
    nodule = labels(Consensus.objects.get())["nodule"]
    assert (nodule.value, nodule.roi_method, len(nodule.rois)) == ("present", "chosen", 1)


def test_regions_that_do_not_overlap_call_for_an_arbitrator(log_in):
    room = make_room(log_in)
    for person, box in zip(room.annotators, [(0, 0, 1, 1), (2, 1, 3, 2)], strict=True):
        read = person.take()
        person.lock(read, said("present", rois=[roi(read, *box)]))
    settle()
    seat = sit_down(room.arbitrators[0], said("absent"))
    assert seat["conflicts"] == [
        {"finding": "nodule", "reasons": ["roi_unmatched"], "worst_iou": 0.0}
    ]


def test_a_grade_within_the_tolerance_is_no_conflict(log_in):
    room = make_room(log_in)
    grades = ("small", "medium")
    everybody(room, *(said(effusion="present", grade=grade) for grade in grades))
    assert labels(Consensus.objects.get())["effusion"].grade == "small"  # the lower median


def test_who_has_read_the_case_is_never_its_arbitrator(log_in):
    room = make_room(log_in)
    reader = room.annotators[0]
    everybody(room, said("present"), said("absent"))
    room.round.members.filter(user=reader.user).update(role="arbitrator")
    Membership.objects.filter(user=reader.user).update(role="arbitrator")
    assert reader.next()["reason"] == "nothing_now"


def test_two_arbitrators_do_not_take_one_seat(log_in):
    room = make_room(log_in, arbitrators=2)
    everybody(room, said("present"), said("absent"))
    first, second = room.arbitrators
    assert first.next()["arbitration_id"]
    assert second.next()["reason"] == "nothing_now"
    mine = first.next()["arbitration_id"]
    assert second.send("GET", f"/api/arbitrations/{mine}").status_code == 404


def test_a_seat_whose_arbitrator_does_not_come_back_is_given_to_another(log_in):
    room = make_room(log_in, arbitrators=2)
    first, second = room.arbitrators
    everybody(room, said("present"), said("absent"))
    seat = sit_down(first, said("absent"))
    Arbitration.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    settle()
    lost = decide(first, seat, [decision("nodule", "a")])
    assert lost.status_code == 404
    assert first.next()["reason"] == "nothing_now"  # what was seen cannot be un-seen
    other = sit_down(second, said("present"))
    assert decide(second, other, [decision("nodule", "own")]).status_code == 200
    settle()
    assert labels(Consensus.objects.get())["nodule"].value == "present"


def test_a_panel_decides_by_majority_and_without_one_leaves_it_open(log_in):
    room = make_room(log_in, arbitrators=3, seats=3)
    everybody(
        room,
        said("present", "present", grade="small"),
        said("absent", "present", grade="large"),
    )
    choices = [("own", "a"), ("own", "b"), ("indeterminate", "indeterminate")]
    for arbitrator, (nodule, effusion) in zip(room.arbitrators, choices, strict=True):
        seat = sit_down(arbitrator, said("absent"))
        assert seat["seats"] == 3
        assert {each["finding"] for each in seat["conflicts"]} == {"nodule", "effusion"}
        if effusion == "b":
            effusion = "own"  # absent
        response = decide(
            arbitrator, seat, [decision("nodule", nodule), decision("effusion", effusion)]
        )
        assert response.status_code == 200
    settle()
    consensus = Consensus.objects.get()
    assert consensus.method == "panel"
    found = labels(consensus)
    assert found["nodule"].value == "absent"  # two of three
    assert found["effusion"].value == "indeterminate"  # present, absent, indeterminate


def test_a_case_that_only_one_could_read_is_decided_as_a_whole(log_in):
    room = make_room(log_in)
    arbitrator = room.arbitrators[0]
    everybody(room, UNREADABLE, said("present"))
    seat = sit_down(arbitrator, said("present"))
    assert [each["finding"] for each in seat["conflicts"]] == ["", "nodule", "effusion"]
    unreadable = next(r["letter"] for r in seat["readers"] if r["content"]["unreadable"]).lower()
    whole = decision("", unreadable, reason="artefact")
    assert decide(arbitrator, seat, [whole]).status_code == 200
    settle()
    assert Consensus.objects.get().is_unreadable
    assert room.round_case(room.cases[0]).state == "unreadable"


def test_nobody_could_read_it(log_in):
    room = make_room(log_in)
    assert everybody(room, UNREADABLE, UNREADABLE).state == "unreadable"
    assert Consensus.objects.get().labels.count() == 0


def test_a_round_may_ask_for_every_positive_case(log_in):
    room = make_room(log_in, trigger="discordant_or_positive")
    everybody(room, said("present"), said("present"))
    seat = sit_down(room.arbitrators[0], said("present"))
    assert seat["conflicts"] == [{"finding": "nodule", "reasons": ["positive"], "worst_iou": None}]


def test_a_case_is_judged_by_the_policy_of_its_last_lock(log_in):
    room = make_room(log_in)
    first, second = room.annotators
    grades = ("small", "medium")
    first.read_next(said(effusion="present", grade=grades[0]))
    strict = [{"code": "nodule"}, {"code": "effusion", "grade_tolerance": 0}]
    RoundPolicy.objects.create(
        round=room.round, version=2, content={"findings": strict}, author=first.user
    )
    second.read_next(said(effusion="present", grade=grades[1]))
    settle()
    comparison = Comparison.objects.get()
    assert comparison.policy.version == 2
    assert not comparison.is_concordant


def test_a_released_consensus_waits_for_training_and_outranks_what_was_there(log_in):
    room = make_room(log_in)
    case = room.cases[0]
    everybody(room, said("present"), said("present"))
    assert reads_blinded(room.annotators[0].user, case.study.patient)
    ReadingRound.objects.filter(pk=room.round.pk).update(state="closed", closed_at=timezone.now())
    settle()
    entries = {entry.finding.code: entry for entry in QueueEntry.objects.all()}
    assert entries["nodule"].label
    assert not entries["effusion"].label
    assert entries["nodule"].soft_label == 1.0
    assert {entry.kind for entry in entries.values()} == {"consensus"}
    assert room.round_case(case).released_at is not None
    assert not reads_blinded(room.annotators[0].user, case.study.patient)


def test_what_is_indeterminate_is_masked_in_training(log_in):
    room = make_room(log_in, release="each_case")
    arbitrator = room.arbitrators[0]
    everybody(room, said("present"), said("absent"))
    seat = sit_down(arbitrator, said("absent"))
    assert decide(arbitrator, seat, [decision("nodule", "indeterminate")]).status_code == 200
    settle()
    assert [entry.finding.code for entry in QueueEntry.objects.all()] == ["effusion"]


def test_a_manual_release_waits_for_the_admin(log_in):
    room = make_room(log_in, release="manual")
    everybody(room, said(), said())
    ReadingRound.objects.filter(pk=room.round.pk).update(state="closed")
    settle()
    assert QueueEntry.objects.count() == 0
    ReadingRound.objects.filter(pk=room.round.pk).update(released_at=timezone.now())
    settle()
    assert QueueEntry.objects.count() == 2


def test_a_hidden_second_read_comes_after_the_wash_out_and_never_counts(log_in):
    room = make_room(log_in, reread_share=1.0, washout_days=14)
    everybody(room, said("present"), said("present"))
    rereads = RoundCase.objects.filter(purpose="reread")
    assert rereads.count() == 2
    ann = room.annotators[0]
    assert ann.next()["reason"] == "nothing_now"
    rereads.update(not_before=timezone.now())
    first = Read.objects.get(reader=ann.user)
    again = ann.read_next(said("absent"))
    assert again["pseudonym"] != first.pseudonym
    assert again["is_qualification"] is False
    settle()
    assert Consensus.objects.count() == 1
    assert Comparison.objects.count() == 1
    assert rereads.get(only_reader=ann.user).state == "sealed"


def test_a_reader_sees_what_became_of_the_case_only_where_the_policy_shows_it(log_in):
    room = make_room(log_in, shows_result_to_reader=True)
    ann = room.annotators[0]
    everybody(room, said("present"), said("present"))
    read = Read.objects.get(reader=ann.user)
    path = f"/api/reads/{read.pk}/result"
    assert ann.send("GET", path).status_code == 404
    ReadingRound.objects.filter(pk=room.round.pk).update(state="closed")
    settle()
    (own,) = ann.got("GET", f"/api/label-rounds/{room.round.pk}/my-reads")["rows"]
    assert own["has_result"]
    result = ann.got("GET", path)
    assert [row["value"] for row in result["consensus"]] == ["present", "absent"]
    assert Exposure.objects.filter(user=ann.user, kind="result_seen").exists()
    other = room.annotators[1]
    assert other.send("GET", path).status_code == 404


def test_the_qualification_comes_first_and_gives_feedback(log_in):
    room = make_room(log_in, qualification_pass_share=0.5)
    for value in ("present", "absent"):
        case = room.add_case(readers=9, purpose="qualification")
        GoldAnswerFactory(
            round_case=RoundCase.objects.get(case=case), content=said(value), explanation="Look."
        )
    ann = room.annotators[0]
    feedback = []
    for _ in range(2):
        read = ann.take()
        assert read["is_qualification"]
        answer = ann.lock(read, said("present")).json()
        assert answer["state"] == "final"
        feedback.append(answer["feedback"])
    assert sorted(each["is_correct"] for each in feedback) == [False, True]
    assert ann.take()["is_qualification"] is False  # half of them right is enough here
    settle()
    assert Comparison.objects.count() == 0


def test_who_fails_the_qualification_gets_nothing_more(log_in):
    room = make_room(log_in, qualification_pass_share=1.0)
    case = room.add_case(readers=9, purpose="qualification")
    GoldAnswerFactory(round_case=RoundCase.objects.get(case=case), content=said("present"))
    ann = room.annotators[0]
    ann.read_next(said("absent"))
    assert ann.next()["reason"] == "not_qualified"
    (own,) = ann.got("GET", "/api/label-rounds")
    assert own["qualification"] == {"done": 1, "of": 1, "passed": False}
