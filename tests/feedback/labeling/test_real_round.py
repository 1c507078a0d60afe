"""300 radiographs, two readers and an arbitrator through HTTP: the figures are those of the CSV.

The readers of `readers_simulated.csv` are simulated, the images are real; the arbitrator answers
the truth of the data set.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from sklearn.metrics import cohen_kappa_score

from apps.cases.models import Case, Project
from apps.feedback.compute.agreement import cohen_kappa
from apps.feedback.compute.ratings import Rating, RatingTable
from apps.feedback.labeling.models.rounds import Comparison, Read, ReadLock, RoundCase
from apps.feedback.labeling.models.verdicts import ConsensusLabel
from apps.feedback.learning.models import QueueEntry
from tests.factories import CasePredictionFactory, DeploymentFactory, RoundCaseFactory
from tests.feedback.labeling.room import Person, Room, make_room, said, settle

pytestmark = [pytest.mark.django_db, pytest.mark.full]

SECRETS = (b"probab", b"predict", b"heat", b"model", b"logit", b"reader_b", b"PNEUMONIA", b"NORMAL")


@pytest.fixture
def lines(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "cxr_pneumonia" / "readers_simulated.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def imported(room: Room, folder: Path) -> dict[Any, str]:
    """Take the 300 pictures in and put them into the round; each case's file name."""
    call_command(
        "import_images",
        str(folder),
        csv=folder / "readers_simulated.csv",
        project=room.project.code,
        value=["modality=DX", "body_part_examined=CHEST", "view_position=AP"],
        verbosity=0,
    )
    cases = Case.objects.filter(project=room.project).select_related("study__patient")
    version = DeploymentFactory(project=room.project).model_version
    for place, case in enumerate(cases):
        RoundCaseFactory(round=room.round, case=case, draw=place / 300)
        CasePredictionFactory(case=case, model_version=version)  # there is AI output to hide
    return {case.pk: case.study.patient.patient_id for case in cases}


def read_all(person: Person, answers: dict[str, str], names: dict[Any, str]) -> list[bytes]:
    """Answer as the simulated reader does; everything that was sent to this person."""
    received = []
    while (offer := person.next())["read_id"]:
        response = person.send("POST", f"/api/reads/{offer['read_id']}/open")
        received.append(response.content)
        read = response.json()
        name = names[Read.objects.get(pk=offer["read_id"]).case_id]
        value = "present" if answers[name] == "PNEUMONIA" else "absent"
        locked = person.lock(read, said(value))
        assert locked.status_code == 200, locked.content
        received.append(locked.content)
        if offer["arbitration_id"]:
            decide(person, offer["arbitration_id"], value)
    return received


def decide(person: Person, arbitration_id: str, value: str) -> None:
    """Take whoever said what is true."""
    seat = person.got("GET", f"/api/arbitrations/{arbitration_id}")
    assert [conflict["finding"] for conflict in seat["conflicts"]] == ["nodule"]
    body = {
        "revision": seat["revision"],
        "decisions": [
            {
                "finding": "nodule",
                "choice": next(
                    reader["letter"].lower()
                    for reader in seat["readers"]
                    for answer in reader["content"]["answers"]
                    if (answer["finding"], answer["value"]) == ("nodule", value)
                ),
                "rois": [],
                "reason": "overlooked" if value == "present" else "overcalled",
                "comment": "",
            }
        ],
    }
    person.got("POST", f"/api/arbitrations/{arbitration_id}/decide", body)


def test_three_hundred_radiographs_end_as_the_csv_says(
    log_in, settings, shared_data, lines, tmp_path
):
    settings.TAKE_BACK_WINDOW_S = 0
    room = make_room(log_in, cases=0, release="each_case")
    Project.objects.filter(pk=room.project.pk).update(auto_classify=False)
    names = imported(room, shared_data / "cxr_pneumonia")
    assert len(names) == len(lines) == 300
    stems = {Path(line["file"]).stem: line for line in lines}
    of = {
        column: {stem: line[column] for stem, line in stems.items()}
        for column in ("reader_a", "reader_b", "truth")
    }
    for person, column in zip(room.annotators, ("reader_a", "reader_b"), strict=True):
        received = b"".join(read_all(person, of[column], names))
        assert [secret for secret in SECRETS if secret in received] == []
    settle()
    disagree = {stem for stem, line in stems.items() if line["disagree"] == "1"}
    called = Comparison.objects.filter(needs_arbitration=True)
    assert {names[each.round_case.case_id] for each in called} == disagree
    assert len(disagree) == 57

    read_all(room.arbitrators[0], of["truth"], names)
    settle()
    assert set(RoundCase.objects.values_list("state", flat=True)) == {"sealed"}
    found = {
        names[label.consensus.round_case.case_id]: label.value
        for label in ConsensusLabel.objects.filter(finding=room.nodule).select_related(
            "consensus__round_case"
        )
    }
    expected = {
        stem: line["truth"] if stem in disagree else line["reader_a"]
        for stem, line in stems.items()
    }
    values = {"PNEUMONIA": "present", "NORMAL": "absent"}
    assert found == {stem: values[label] for stem, label in expected.items()}
    assert QueueEntry.objects.filter(finding=room.nodule).count() == 300

    ratings = [
        Rating(
            case=str(lock.read.case_id),
            patient=names[lock.read.case_id],
            reader=str(lock.read.reader_id),
            label=next(a["value"] for a in lock.content["answers"] if a["finding"] == "nodule"),
        )
        for lock in ReadLock.objects.filter(read__kind="annotator").select_related("read")
    ]
    table = RatingTable.of(ratings, ["absent", "present"])
    by_csv = cohen_kappa_score([line["reader_a"] for line in lines], list(of["reader_b"].values()))
    assert cohen_kappa(table).value == pytest.approx(by_csv, abs=1e-12)
    assert np.round(by_csv, 3) == 0.622
