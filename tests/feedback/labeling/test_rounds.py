"""A round in its admin's hands, over HTTP: set up, begun, watched, ended."""

from typing import Any

import pytest

from apps.cases.models import AuditEvent, Exposure
from apps.feedback.labeling.models.rounds import Guideline, Read, ReadingRound, RoundCase
from apps.feedback.learning.models import QueueEntry
from tests.factories import MembershipFactory, UserFactory
from tests.feedback.labeling.desk import ready, room_of
from tests.feedback.labeling.room import make_room, said, settle

pytestmark = pytest.mark.django_db


def test_a_round_is_set_up_opened_and_read(desk):
    path = ready(desk)
    setup = desk.got("GET", f"{path}/setup")
    assert setup["case_counts"]["open"] == 6
    preview = setup["preview"]
    assert (preview["cases"], preview["reads"], preview["reads_per_annotator"]) == (6, 12, 6.0)
    assert (preview["is_assumed"], preview["starved_cases"]) == (True, 0)
    assert [rule["code"] for rule in setup["policy"]["content"]["findings"]] == [
        "nodule",
        "effusion",
    ]
    assert desk.got("POST", f"{path}/open")["state"] == "open"
    room = room_of(desk, path)
    read = room.annotators[0].take()
    assert read["findings"][0]["minimum_size_mm"] == 3.0
    (row,) = desk.got("GET", f"/api/projects/{desk.project.pk}/rounds")["rows"]
    assert (row["cases"], row["sealed"], row["state"]) == (6, 0, "open")
    assert AuditEvent.objects.filter(action="round.opened").count() == 1


def test_a_round_does_not_begin_before_everything_is_there(desk):
    made = desk.draft()
    path = f"/api/rounds/{made['round_id']}"
    refused = desk.send("POST", f"{path}/open")
    assert (refused.status_code, refused.json()["code"]) == (409, "round_not_ready")
    assert refused.json()["params"]["missing"] == [
        "cases",
        "annotators",
        "arbitrators",
        "guideline",
    ]
    assert ReadingRound.objects.get().state == "draft"
    assert AuditEvent.objects.filter(action="round.opened").count() == 0


def test_readers_who_know_the_answers_do_not_count_as_readers(desk):
    path = ready(desk)
    reader = ReadingRound.objects.get().members.filter(role="annotator").first()
    Exposure.objects.create(user=reader.user, kind="gold_author", case=desk.cases[0])
    refused = desk.send("POST", f"{path}/open")
    assert refused.json()["params"]["missing"] == ["eligible_readers"]
    setup = desk.got("GET", f"{path}/setup")
    assert setup["preview"]["starved_cases"] == 1
    readable = {member["user_id"]: member["readable_cases"] for member in setup["members"]}
    assert readable[str(reader.user_id)] == 5


def test_a_sample_is_drawn_and_cases_are_added_once(desk):
    made = desk.draft()
    path = f"/api/rounds/{made['round_id']}"
    assert desk.got("POST", f"{path}/cases", {"sample_size": 4}) == {"count": 4}
    assert desk.got("POST", f"{path}/cases", {}) == {"count": 2}
    assert desk.got("POST", f"{path}/cases", {}) == {"count": 0}
    page = desk.got("GET", f"{path}/cases?limit=2")
    assert (page["count"], len(page["rows"])) == (6, 2)
    gone = [row["round_case_id"] for row in page["rows"]]
    body = {"round_case_ids": gone}
    assert desk.got("POST", f"{path}/cases/remove", body) == {"count": 2}
    assert RoundCase.objects.count() == 4


def test_a_share_of_the_cases_is_read_by_more_than_one(desk):
    path = ready(desk)
    content = desk.got("GET", f"{path}/setup")["policy"]["content"]
    desk.got("POST", f"{path}/policy", {"content": {**content, "multiply_read_share": 0.0}})
    desk.got("POST", f"{path}/open")
    assert set(RoundCase.objects.values_list("readers", "open_slots", "unfinal")) == {(1, 1, 1)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"readers_per_case": 0}, "readers_per_case"),
        ({"seats": 2}, "seats"),
        ({"findings": [{"code": "unheard_of"}]}, "findings"),
        ({"no_such_rule": 1}, "no_such_rule"),
        ({"washout_days": float("1e9")}, "washout_days"),
    ],
)
def test_bad_rules_are_refused_with_their_field(desk, change, field):
    made = desk.draft()
    path = f"/api/rounds/{made['round_id']}/policy"
    refused = desk.send("POST", path, {"content": {**made["policy"]["content"], **change}})
    assert refused.status_code == 400
    assert field in refused.json()["fields"]
    assert ReadingRound.objects.get().policies.count() == 1


def test_the_rules_of_an_open_round_change_only_for_a_reason(desk):
    path = ready(desk)
    desk.got("POST", f"{path}/open")
    content = desk.got("GET", f"{path}/setup")["policy"]["content"]
    assert desk.send("POST", f"{path}/policy", {"content": content}).status_code == 400
    changed = desk.got("POST", f"{path}/policy", {"content": content, "reason": "too strict"})
    assert changed["policy"]["version"] == 3


def test_an_answer_reaches_everybody_and_names_nobody(desk):
    path = ready(desk)
    desk.got("POST", f"{path}/open")
    room = room_of(desk, path)
    asker, other = room.annotators
    read = asker.take()
    asker.got("POST", f"/api/reads/{read['read_id']}/question", {"text": "Which axis?"})
    assert desk.got("GET", f"{path}/progress")["open_questions"] == 1
    (question,) = desk.got("GET", f"{path}/questions")["rows"]
    answer = f"{path}/questions/{question['question_id']}/answer"
    named = {"guideline_text": f"As in {read['pseudonym']}: the long axis.", "change": "axis"}
    refused = desk.send("POST", answer, named)
    assert (refused.status_code, refused.json()["code"]) == (400, "names_the_asker")
    told = {"guideline_text": "Measure the long axis.", "change": "Which axis counts"}
    desk.got("POST", answer, told)
    assert desk.send("POST", answer, told).status_code == 409
    guideline = other.got("GET", f"/api/label-rounds/{room.round.pk}/guideline")
    assert (guideline["version"], guideline["text"]) == (3, "Measure the long axis.")
    assert Guideline.objects.count() == 3


def test_who_is_withdrawn_gives_back_what_they_hold_and_never_returns(desk):
    path = ready(desk)
    desk.got("POST", f"{path}/open")
    room = room_of(desk, path)
    ann = room.annotators[0]
    read = ann.take()
    member = room.round.members.get(user=ann.user)
    change = f"{path}/members/{member.pk}"
    assert desk.send("PATCH", change, {"state": "withdrawn"}).status_code == 400
    desk.got("PATCH", change, {"state": "withdrawn", "reason": "left"})
    assert Read.objects.get(pk=read["read_id"]).state == "withdrawn"
    assert RoundCase.objects.filter(open_slots__lt=2).count() == 0
    assert ann.send("GET", f"/api/reads/{read['read_id']}").status_code == 404
    assert desk.send("PATCH", change, {"state": "active"}).json()["code"] == "member_withdrawn"
    body = {"user_id": str(ann.user.pk), "role": "annotator"}
    assert desk.send("POST", f"{path}/members", body).json()["code"] == "member_exists"


def test_only_who_holds_the_role_gets_a_place(desk):
    made = desk.draft()
    path = f"/api/rounds/{made['round_id']}/members"
    annotator = desk.hire("annotator")
    wrong = desk.send("POST", path, {"user_id": str(annotator.pk), "role": "arbitrator"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "role_missing")
    stranger = {"user_id": str(UserFactory().pk), "role": "annotator"}
    assert desk.send("POST", path, stranger).status_code == 404
    assert ReadingRound.objects.get().members.count() == 0


def test_an_admin_can_never_be_offered_a_case(desk, log_in):
    path = ready(desk)
    MembershipFactory(user=desk.admin, project=desk.project, role="annotator")
    body = {"user_id": str(desk.admin.pk), "role": "annotator"}
    setup = desk.got("POST", f"{path}/members", body)
    own = next(each for each in setup["members"] if each["user_id"] == str(desk.admin.pk))
    assert own["readable_cases"] == 0
    desk.got("POST", f"{path}/open")
    offer = desk.got("POST", f"/api/label-rounds/{setup['round_id']}/next", {})
    assert offer["read_id"] is None


def test_a_case_gets_another_reader_is_given_up_or_read_anew(log_in):
    room = make_room(log_in, cases=2)
    admin = UserFactory()
    MembershipFactory(user=admin, project=room.project, role="admin")
    client = log_in(admin)
    first, second = (room.round_case(case) for case in room.cases)

    def act(round_case: Any, name: str, body: Any) -> Any:
        path = f"/api/rounds/{room.round.pk}/cases/{round_case.pk}/{name}"
        return client.post(path, body, content_type="application/json")

    assert act(first, "readers", {"readers": 2}).status_code == 400
    assert act(first, "readers", {"readers": 3}).status_code == 204
    first.refresh_from_db()
    assert (first.readers, first.open_slots, first.unfinal) == (3, 3, 3)
    assert act(second, "cancel", {"reason": ""}).status_code == 400
    read = room.annotators[0].take()
    held = Read.objects.get(pk=read["read_id"]).round_case
    assert act(held, "reassign", {"reason": "ill"}).status_code == 204
    assert Read.objects.get(pk=read["read_id"]).state == "withdrawn"
    assert act(second, "cancel", {"reason": "wrong patient"}).status_code == 204
    assert act(second, "reopen", {"reason": "after all"}).status_code == 409
    for _ in range(3):
        assert room.annotators[1].next()["read_id"] != str(second.pk)


def test_a_sealed_case_is_read_anew_by_others(log_in, settings):
    settings.TAKE_BACK_WINDOW_S = 0
    room = make_room(log_in)
    for person in room.annotators:
        person.read_next(said())
    settle()
    admin = UserFactory()
    MembershipFactory(user=admin, project=room.project, role="admin")
    old = room.round_case(room.cases[0])
    path = f"/api/rounds/{room.round.pk}/cases/{old.pk}/reopen"
    body = {"reason": "the guideline was wrong"}
    assert log_in(admin).post(path, body, content_type="application/json").status_code == 204
    old.refresh_from_db()
    assert old.state == "reopened"
    assert RoundCase.objects.get(epoch=2).state == "open"
    assert room.annotators[0].next()["reason"] == "nothing_now"
    assert room.join("annotator").next()["read_id"]


def test_the_end_of_a_round(desk, settings):
    settings.TAKE_BACK_WINDOW_S = 0
    path = ready(desk)
    desk.got("POST", f"{path}/open")
    room = room_of(desk, path)
    for person in room.annotators:
        for _ in range(6):
            person.read_next(said())
    settle()
    assert desk.got("GET", f"{path}/progress")["case_counts"]["sealed"] == 6
    assert desk.send("POST", f"{path}/open").status_code == 409
    desk.got("POST", f"{path}/close", {"reason": "done"})
    settle()
    assert QueueEntry.objects.count() == 0
    desk.got("POST", f"{path}/release", {"reason": "checked"})
    settle()
    assert QueueEntry.objects.count() == 12
    assert desk.send("POST", f"{path}/release").json()["code"] == "round_not_releasable"
    assert desk.send("POST", f"{path}/cancel", {"reason": "x"}).status_code == 409
    assert room.annotators[0].next()["reason"] == "closed"
