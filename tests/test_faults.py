"""Reading goes on while database, Redis, worker or web process die: what was acknowledged is there,
once, and what was not can be sent again.
"""

import tempfile
import time
import urllib.error
import uuid
from collections.abc import Callable
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
            faults.get(number, lambda: None)()
            case, key = row["case_id"], uuid.uuid4().hex

            def sign(case: str = case, key: str = key) -> Any:
                reading = {"revision": 0, "decisions": [], "findings_text": f"reading of {case}"}
                return reader.send("POST", f"/api/cases/{case}/review/sign", reading, key=key)

            acknowledged[case] = until_answered(sign, statuses)["review_id"]
        assert set(statuses) <= {0, 503}, statuses
        for case, review_id in acknowledged.items():
            payload = reader.json(f"/api/cases/{case}/review")
            (review,) = payload["reviews"]
            assert review["review_id"] == review_id
            assert review["findings_text"] == f"reading of {case}"
        deadline = time.monotonic() + PATIENCE_S
        while waiting_of(reader, worklist):
            assert time.monotonic() < deadline, "a prediction was lost"
            time.sleep(0.5)


def waiting_of(reader: Person, worklist: str) -> list[str]:
    """The cases whose AI answer still waits."""
    rows = reader.send("POST", worklist, {"limit": 100})["rows"]
    return [row["case_id"] for row in rows if row["ai"]["state"] == "waiting"]
