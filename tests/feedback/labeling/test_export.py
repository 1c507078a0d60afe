"""The exports of a round: everything that is released with where it comes from, no name."""

import csv
import io
import json

import pytest

from apps.cases.models import AuditEvent
from apps.feedback.labeling.models.rounds import ReadingRound, ReadLock
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.selectors.export import harmless
from tests.feedback.labeling.results import admin_of, played, release

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_wait(settings):
    settings.TAKE_BACK_WINDOW_S = 0


def exported(admin, room, form):
    response = admin.send("GET", f"/api/rounds/{room.round.pk}/export.{form}")
    assert response.status_code == 200
    assert response.streaming
    return response, b"".join(response.streaming_content)


def test_json_holds_the_whole_provenance(log_in):
    room = played(log_in)
    release(room)
    admin = admin_of(room)
    _, body = exported(admin, room, "json")
    document = json.loads(body)
    assert [each["version"] for each in document["policies"]] == [1]
    assert len(document["cases"]) == 4
    told = [read for case in document["cases"] for read in case["reads"]]
    counting = ReadLock.objects.filter(read__kind="annotator")
    assert {each["lock_sha256"] for each in told} == {each.content_sha256 for each in counting}
    assert {each["person"] for each in told} == {"Reader 1", "Reader 2"}
    assert {each["guideline_version"] for each in told} == {1}
    (decided,) = [case for case in document["cases"] if case["decisions"]]
    assert decided["consensus"]["method"] == "arbitrated"
    nodule = next(each for each in decided["decisions"] if each["finding"] == "nodule")
    assert (nodule["value"], nodule["blind_value"], nodule["person"]) == (
        *("present", "absent"),
        "Arbitrator 1",
    )
    for person in (*room.annotators, *room.arbitrators):
        assert person.user.username.encode() not in body
        assert str(person.user.pk).encode() not in body
    event = AuditEvent.objects.get(action="round.exported")
    assert (event.actor, event.detail["form"], event.detail["cases"]) == (admin.user, "json", 4)


def test_csv_is_a_table_that_no_spreadsheet_runs(log_in):
    room = played(log_in)
    ReadingRound.objects.filter(pk=room.round.pk).update(name='=HYPERLINK("http://x")')
    release(room)
    response, body = exported(admin_of(room), room, "csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert {row["round_name"] for row in rows} == {'\'=HYPERLINK("http://x")'}
    labels = [row for row in rows if row["source"] == "consensus"]
    assert len(labels) == 8
    assert sum(row["finding"] == "nodule" and row["value"] == "present" for row in labels) == 2
    reads = [row for row in rows if row["source"] == "read" and row["finding"] == "nodule"]
    assert len(reads) == 8
    sealed = set(Consensus.objects.values_list("content_sha256", flat=True))
    assert {row["consensus_sha256"] for row in rows} == sealed


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_what_a_spreadsheet_would_run_is_made_text(text):
    assert harmless(text) == "'" + text


def test_numbers_stay_numbers():
    assert (harmless(-1.5), harmless("present"), harmless(None)) == (-1.5, "present", None)
