"""Reading goes on while database, Redis, worker or web process die: what was acknowledged is there,
once, and what was not can be sent again.
"""

import json
import tempfile
import time
import urllib.error
import uuid
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from scripts.stack import Person, Stack, running

PATIENCE_S = 60.0


def cut_database(url: str) -> None:
    """What a restart of PostgreSQL does to its clients: connections end, new ones are refused."""
    admin = psycopg2.connect(url.rsplit("/", 1)[0] + "/template1")
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("ALTER DATABASE postgres ALLOW_CONNECTIONS false")
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'"
        )
        time.sleep(2)
        cursor.execute("ALTER DATABASE postgres ALLOW_CONNECTIONS true")
    admin.close()


def kill(stack: Stack, word: str) -> None:
    """kill -9 of every process below the supervisor whose command line has the word."""
    for process in psutil.Process(stack.process.pid).children(recursive=True):
        if any(word in argument for argument in process.cmdline()):
            process.kill()


def until_answered(act: Callable[[], Any], statuses: list[int]) -> Any:
    """Send again, with the same key, until the server acknowledges; note the refusals."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
            if error.code != 503 or time.monotonic() > deadline:
                raise
        except (urllib.error.URLError, ConnectionError):
            statuses.append(0)
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def reading_of(reader: Person, case: str) -> dict[str, Any]:
    """A reading with two regions, on the case as it stands."""
    payload = reader.json(f"/api/cases/{case}/review")
    instance = payload["series"][0]["instances"][0]
    regions = [
        {
            "roi_id": str(uuid.uuid4()),
            "finding": payload["findings"][place]["code"],
            "sop_instance_uid": instance["sop_instance_uid"],
            "frame_number": 1,
            "kind": "freehand",
            "vertices": [[place + 1.25, 2.5], [place + 31.75, 2.5], [place + 1.25, 40.0]],
        }
        for place in range(2)
    ]
    text = f"reading of {case}"
    return {"revision": 0, "decisions": [], "findings_text": text, "rois": regions}


def save(reader: Person, case: str, reading: dict[str, Any]) -> int:
    """Save the draft; a conflict with the very next revision says that only an answer was lost."""
    try:
        return reader.send("PUT", f"/api/cases/{case}/review/draft", reading)["revision"]
    except urllib.error.HTTPError as error:
        is_stored = {"current": reading["revision"] + 1}
        if error.code != 409 or json.loads(error.read())["params"] != is_stored:
            raise
        return reading["revision"] + 1


def history_of(reader: Person, case: str) -> list[str]:
    """What was done to a case, oldest first."""
    return [each["action"] for each in reader.json(f"/api/cases/{case}/history")["events"]]


@pytest.mark.full
def test_signatures_and_predictions_survive_restarts(new_postgresql_url: str) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), environment={"DATABASE_URL": new_postgresql_url}) as stack,
    ):
        reader = Person(stack, "reader", "coread-reader")
        project = reader.json("/api/projects")[0]["id"]
        worklist = f"/api/projects/{project}/worklist"
        rows = reader.send("POST", worklist, {"limit": 100})["rows"]
        faults = {
            3: lambda: cut_database(new_postgresql_url),
            7: lambda: kill(stack, "redis-server"),
            11: lambda: kill(stack, "gunicorn"),
            15: lambda: kill(stack, "celery"),
        }
        acknowledged, statuses = {}, []
        for number, row in enumerate(rows):
            case, key = row["case_id"], uuid.uuid4().hex
            reading = until_answered(partial(reading_of, reader, case), statuses)
            faults.get(number, lambda: None)()
            until_answered(partial(save, reader, case, reading), statuses)
            sign = partial(
                *(reader.send, "POST", f"/api/cases/{case}/review/sign"),
                reading | {"revision": 1},
                key=key,
            )
            acknowledged[case] = reading, until_answered(sign, statuses)["review_id"]
        assert set(statuses) <= {0, 503}, statuses
        for case, (reading, review_id) in acknowledged.items():
            payload = reader.json(f"/api/cases/{case}/review")
            assert payload["draft"] is None
            (review,) = payload["reviews"]
            assert (review["review_id"], review["version"]) == (review_id, 1)
            assert review["findings_text"] == f"reading of {case}"
            assert [each["vertices"] for each in review["rois"]] == [
                each["vertices"] for each in reading["rois"]
            ]
            signed = [each for each in history_of(reader, case) if each == "review.signed"]
            assert len(signed) == 1
        deadline = time.monotonic() + PATIENCE_S
        while waiting_of(reader, worklist):
            assert time.monotonic() < deadline, "a prediction was lost"
            time.sleep(0.5)


def waiting_of(reader: Person, worklist: str) -> list[str]:
    """The cases whose AI answer still waits."""
    rows = reader.send("POST", worklist, {"limit": 100})["rows"]
    return [row["case_id"] for row in rows if row["ai"]["state"] == "waiting"]
