"""Rounds played to their release, for the tests of what they came to."""

from apps.feedback.labeling.models.rounds import Arbitration, Read, ReadingRound
from tests.factories import MembershipFactory, UserFactory
from tests.feedback.labeling.room import Person, Room, make_room, said, settle


def admin_of(room: Room) -> Person:
    """Give the project an admin with a browser."""
    user = UserFactory()
    MembershipFactory(user=user, project=room.project, role="admin")
    return Person(user, room.log_in(user), room)


def release(room: Room) -> None:
    ReadingRound.objects.filter(pk=room.round.pk).update(state="closed")
    settle()
    room.round.refresh_from_db()


def played(log_in, **facts) -> Room:
    """Two readers, four cases; on one they differ, and the arbitrator says present.

    Which case comes first is drawn, so that answers go by the case, not by the order.
    """
    room = make_room(log_in, cases=4, **facts)
    answers = {
        room.cases[0].pk: ("present", "present"),
        room.cases[1].pk: ("absent", "absent"),
        room.cases[2].pk: ("absent", "absent"),
        room.cases[3].pk: ("present", "absent"),
    }
    for place, reader in enumerate(room.annotators):
        for _ in room.cases:
            read = reader.take()
            case = read_case(read["read_id"])
            response = reader.lock(read, said(answers[case][place]))
            assert response.status_code == 200, response.content
    settle()
    (arbitrator,) = room.arbitrators
    offer = arbitrator.next()
    arbitrator.lock(arbitrator.open(offer["read_id"]), said("absent"))
    seat = arbitrator.got("GET", f"/api/arbitrations/{offer['arbitration_id']}")
    decisions = [
        {
            "finding": "nodule",
            "choice": letter_of(seat, "present"),
            "rois": [],
            "reason": "overlooked",
            "comment": "=1+1",
        }
    ]
    arbitrator.got(
        "POST",
        f"/api/arbitrations/{seat['arbitration_id']}/decide",
        {"revision": seat["revision"], "decisions": decisions},
    )
    settle()
    assert Arbitration.objects.get().state == "decided"
    return room


def read_case(read_id: str):
    return Read.objects.get(pk=read_id).case_id


def letter_of(seat, value: str) -> str:
    for reader in seat["readers"]:
        for answer in reader["content"]["answers"]:
            if (answer["finding"], answer["value"]) == ("nodule", value):
                return str(reader["letter"]).lower()
    raise LookupError(value)
