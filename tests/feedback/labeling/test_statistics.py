"""The report of a round: computed by a worker of what is released, read by the admin."""

import pytest
from django.utils import timezone

from apps.cases.models import AuditEvent
from apps.feedback.labeling.models.rounds import ReadingRound, RoundCase
from apps.feedback.labeling.models.verdicts import RoundReport
from apps.feedback.labeling.selectors.statistics import round_statistics
from apps.feedback.labeling.services import report_making
from apps.feedback.labeling.services.report_making import reports_make
from tests.factories import GoldAnswerFactory
from tests.feedback.labeling.results import admin_of, played, read_case, release
from tests.feedback.labeling.room import make_room, roi, said, settle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(settings):
    settings.TAKE_BACK_WINDOW_S = 0


def coefficient(found, name):
    return next(each for each in found["coefficients"] if each["name"] == name)


def test_nothing_is_told_before_the_release(log_in):
    room = played(log_in)
    admin = admin_of(room)
    path = f"/api/rounds/{room.round.pk}/statistics"
    answer = admin.got("GET", path)
    assert (answer["report"], answer["pending"], answer["released_cases"]) == (None, False, 0)
    refused = admin.send("POST", path)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_released_cases")
    for form in ("csv", "json"):
        refused = admin.send("GET", f"/api/rounds/{room.round.pk}/export.{form}")
        assert (refused.status_code, refused.json()["code"]) == (409, "no_released_cases")


def test_report_by_hand(log_in):
    """Nodule: 3 of 4 alike; shares 3/8 and 5/8.

    Fleiss: p_e = 34/64, kappa = (0.75 - 0.53125) / (1 - 0.53125) = 7/15. Cohen: margins 2/4 and
    1/4 present, p_e = 1/2 * 1/4 + 1/2 * 3/4 = 1/2, kappa = 1/2. AC1 over three categories:
    p_e = (3/8 * 5/8 * 2) / 2 = 15/64, AC1 = (48 - 15) / (64 - 15) = 33/49. Alpha: of 8 values 3 and
    5, observed disagreement 2/8, expected 2 * 3 * 5 / (8 * 7) = 30/56, alpha = 1 - 14/30 = 8/15.
    """
    room = played(log_in)
    release(room)
    admin = admin_of(room)
    path = f"/api/rounds/{room.round.pk}/statistics"
    asked = admin.send("POST", path)
    assert (asked.status_code, asked.json()["pending"]) == (202, True)
    assert AuditEvent.objects.filter(action="round.report_wanted").count() == 1
    assert (reports_make(), reports_make()) == (1, 0)

    answer = admin.got("GET", path)
    assert answer["pending"] is False
    content = answer["report"]["content"]
    assert (content["cases"], content["reads"], content["patients"]) == (4, 8, 4)
    assert (content["arbitration"]["count"], content["arbitration"]["total"]) == (1, 4)
    nodule, effusion = content["findings"]
    for name, value in (
        ("raw_agreement", 3 / 4),
        ("fleiss_kappa", 7 / 15),
        ("gwet_ac1", 33 / 49),
        ("krippendorff_alpha_nominal", 8 / 15),
    ):
        found = coefficient(nodule, name)
        assert found["value"] == pytest.approx(value), name
        assert (found["case_count"], found["reader_count"]) == (4, 2)
        assert found["interval"] or found["no_interval"]
    (pair,) = nodule["pairs"]
    assert pair["readers"] == ["Reader 1", "Reader 2"]
    assert coefficient(pair, "cohen_kappa")["value"] == pytest.approx(1 / 2)
    none = coefficient(effusion, "fleiss_kappa")
    assert (none["value"], none["undefined"]) == (None, "one_category")

    first, second = nodule["readers"]
    # rows present, absent, not assessable of the consensus: the second reader overlooked one
    assert first["consensus"]["counts"] == [[2, 0, 0], [0, 2, 0], [0, 0, 0]]
    assert second["consensus"]["counts"] == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert first["gold"]["accuracy"]["total"] == 0
    index = {each["reader"]: each["index"] for each in content["disagreement"]["readers"]}
    assert (index["Reader 1"]["count"], index["Reader 2"]["count"]) == (0, 1)
    # the arbitrator had said absent, and decided present
    (arbitrator,) = content["anchoring"]["arbitrators"]
    assert arbitrator["arbitrator"] == "Arbitrator 1"
    assert (arbitrator["changed"], arbitrator["answers"]) == (1, 1)
    assert content["time_s"]["all"]["count"] == 8
    assert len(nodule["dawid_skene"]["posteriors"]) == 4

    names = {str(each.user.pk) for each in room.annotators + room.arbitrators}
    assert {each["user_id"] for each in answer["people"]} == names
    told = str(content)
    assert not any(name in told for name in names)
    assert RoundReport.objects.get().cases == 4


def test_known_answers_second_reads_and_regions_by_hand(log_in):
    """One gold case, present: one reader misses it. At the second read one reader says otherwise.

    The regions are 2 x 2 and its half: IoU 1/2.
    """
    room = make_room(log_in, reread_share=1.0, washout_days=0, gold_share=1.0)
    gold = room.add_case(purpose="gold", readers=2)
    GoldAnswerFactory(
        round_case=RoundCase.objects.get(case=gold), content=said("present", "absent")
    )
    for place, reader in enumerate(room.annotators):
        for _ in range(2):
            read = reader.take()
            if read_case(read["read_id"]) == gold.pk:
                content = said("absent" if place else "present")
            else:
                content = said("present", rois=[roi(read, 0, 0, 2, 1 if place else 2)])
            assert reader.lock(read, content).status_code == 200
    settle()
    RoundCase.objects.filter(purpose="reread").update(not_before=timezone.now())
    for place, reader in enumerate(room.annotators):
        reader.read_next(said("absent" if place else "present"))
    settle()
    release(room)
    content = round_statistics(room.round)
    nodule = content["findings"][0]
    assert (content["cases"], content["reads"]) == (1, 2)
    assert (nodule["iou"]["count"], nodule["iou"]["median"]) == (1, pytest.approx(0.5))
    assert nodule["unmatched_regions"] == 0
    first, second = nodule["readers"]
    assert first["gold"]["sensitivity"]["value"] == 1
    assert second["gold"]["counts"] == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert [each["reread"][0]["value"] for each in (first, second)] == [1, 0]


def test_a_wish_that_was_renewed_meanwhile_stays(log_in, monkeypatch):
    room = played(log_in)
    release(room)
    admin = admin_of(room)
    path = f"/api/rounds/{room.round.pk}/statistics"
    admin.got("POST", path)
    compute = report_making.round_statistics

    def slow(reading_round):
        admin.got("POST", path)
        return compute(reading_round)

    monkeypatch.setattr(report_making, "round_statistics", slow)
    assert reports_make() == 0
    assert admin.got("GET", path)["pending"] is True
    monkeypatch.undo()
    assert reports_make() == 1


def test_others_do_not_learn_that_there_is_a_result(log_in):
    room = make_room(log_in)
    for person in (*room.annotators, *room.arbitrators):
        for rest in ("statistics", "export.csv", "export.json", "certificate"):
            answer = person.send("GET", f"/api/rounds/{room.round.pk}/{rest}")
            assert answer.status_code == 404


def test_a_round_whose_report_fails_keeps_no_other_waiting(log_in, monkeypatch):
    rooms = [make_room(log_in, cases=1) for _ in range(3)]
    ReadingRound.objects.update(report_wanted_at=timezone.now())
    broken = rooms[1].round

    def compute(reading_round):
        if reading_round == broken:
            raise ZeroDivisionError
        return {"cases": 0}

    monkeypatch.setattr(report_making, "round_statistics", compute)
    with pytest.raises(ExceptionGroup) as failed:
        reports_make()
    assert [str(broken.pk) in note for note in failed.value.exceptions[0].__notes__] == [True]
    assert {each.round_id for each in RoundReport.objects.all()} == {
        room.round.pk for room in rooms if room.round != broken
    }
    broken.refresh_from_db()
    assert broken.report_wanted_at is not None
