"""How long does a reader wait for the server's word that the regions are stored, among 20 others?

Each reader saves a draft whose three regions have moved, waits for the answer, thinks for three
seconds and saves again: over real HTTP, against the whole of Coread as `make run` starts it.
"""

import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.figure import Figure
from scripts.stack import ROOT, Person, Stack, running

LIMIT_MS: Final = 250.0
READERS: Final = 20
THINK_S: Final = 3.0
MEASURED_S: Final = 75.0
REGIONS: Final = 3
VERTICES: Final = 60
PASSWORD: Final = "a password for the bench"  # noqa: S105  of accounts that live for a minute
PATIENCE_S: Final = 300.0
ADD_READERS: Final = "add-readers"


def add_readers() -> None:
    """Make the accounts, as an administrator does; Django is that of the running stack."""
    import django

    django.setup()
    from apps.cases.models import Project, Role
    from apps.cases.services.accounts import user_create
    from apps.cases.services.members import member_add

    project = Project.objects.get(code="chest")
    for number in range(READERS):
        user = user_create(f"bench{number}", password=PASSWORD)
        member_add(project, user=user, role=Role.RADIOLOGIST)


class Reader:
    """One person with one case open."""

    def __init__(self, stack: Stack, *, number: int, case_id: str) -> None:
        self.person = Person(stack, f"bench{number}", PASSWORD)
        self.path = f"/api/cases/{case_id}/review/draft"
        payload = self.person.json(f"/api/cases/{case_id}/review")
        self.image = payload["series"][0]["instances"][0]
        self.finding = payload["findings"][0]["code"]
        self.answer = payload["ai"]["case_prediction_id"]
        self.region_ids = [str(uuid.uuid4()) for _ in range(REGIONS)]
        self.revision = 0
        self.start_s = THINK_S * number / READERS

    def read(self, until: threading.Event) -> list[float]:
        """Save and think until told to stop; give the seconds that each save took."""
        taken: list[float] = []
        until.wait(self.start_s)
        while not until.is_set():
            body = self.draft()
            started = time.perf_counter()
            saved = self.person.send("PUT", self.path, body)
            taken.append(time.perf_counter() - started)
            self.revision = saved["revision"]
            until.wait(THINK_S)
        return taken

    def draft(self) -> dict[str, Any]:
        """The draft with each region a little further along its circle."""
        return {
            "revision": self.revision,
            "decisions": [{"finding": self.finding, "verdict": "accepted"}],
            "findings_text": f"saved {self.revision} times",
            "case_prediction_id": self.answer,
            "client": {"renderer": "bench", "pixel_ratio": 1.0, "version": "bench"},
            "rois": [
                {
                    "roi_id": region_id,
                    "finding": self.finding,
                    "sop_instance_uid": self.image["sop_instance_uid"],
                    "frame_number": 1,
                    "kind": "freehand",
                    "vertices": self._vertices(turn=self.revision + place * 7),
                }
                for place, region_id in enumerate(self.region_ids)
            ],
        }

    def _vertices(self, *, turn: int) -> list[list[float]]:
        radius = min(self.image["columns"], self.image["rows"]) / 8
        x = self.image["columns"] / 2 + radius * math.cos(turn)
        y = self.image["rows"] / 2 + radius * math.sin(turn)
        angles = [2 * math.pi * place / VERTICES for place in range(VERTICES)]
        return [[x + radius * math.cos(each), y + radius * math.sin(each)] for each in angles]


def measured_seconds(stack: Stack) -> list[float]:
    """Let all readers read for a while; give the seconds of every save."""
    person = Person(stack, "reader", "coread-reader")
    project = person.json("/api/projects")[0]["id"]
    _wait_until_answered(person)
    rows = person.send("POST", f"/api/projects/{project}/worklist", {"limit": 100})["rows"]
    readers = [
        Reader(stack, number=number, case_id=rows[number % len(rows)]["case_id"])
        for number in range(READERS)
    ]
    over = threading.Event()
    with ThreadPoolExecutor(READERS) as pool:
        reading = [pool.submit(reader.read, over) for reader in readers]
        over.wait(MEASURED_S)
        over.set()
        return [seconds for each in reading for seconds in each.result()]


def _wait_until_answered(person: Person) -> None:
    """The model's work on the first studies is another figure's."""
    deadline = time.monotonic() + PATIENCE_S
    while person.json("/api/status")["ai"]["waiting"]:
        if time.monotonic() > deadline:
            sys.exit("The model has not answered the demo's studies.")
        time.sleep(1)


@contextmanager
def new_database(url: str) -> Iterator[str]:
    """A database of its own on the server of a PostgreSQL URL."""
    import psycopg2

    server, name = url.rsplit("/", 1)[0], f"bench_{uuid.uuid4().hex}"
    for statement in (f"CREATE DATABASE {name}", f"DROP DATABASE {name} WITH (FORCE)"):
        connection = psycopg2.connect(f"{server}/template1")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.close()
        if statement.startswith("CREATE"):
            yield f"{server}/{name}"


def measure(environment: dict[str, str], *, database: str) -> None:
    """Print `roi_save_p95_ms` for one database."""
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), environment=environment) as stack,
    ):
        subprocess.run(
            [sys.executable, "-m", "bench.roi_save", ADD_READERS],
            cwd=ROOT,
            env={**_without_database(), "COREAD_VAR": folder, **environment},
            check=True,
        )
        seconds = measured_seconds(stack)
    p95_ms = statistics.quantiles(seconds, n=20, method="inclusive")[-1] * 1e3
    Figure(
        figure="roi_save_p95_ms",
        value=p95_ms,
        unit="ms",
        peer="limit",
        peer_value=LIMIT_MS,
        ratio=LIMIT_MS / p95_ms,
        n=len(seconds),
        where=(
            f"{READERS} readers, {THINK_S:.0f} s think time, {REGIONS} changed regions of"
            f" {VERTICES} vertices, {database}, {os.cpu_count()} cores with the readers on them"
        ),
    ).print()


def _without_database() -> dict[str, str]:
    given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**given, "DJANGO_SETTINGS_MODULE": "config.settings"}


def main(arguments: Sequence[str]) -> None:
    """Measure on SQLite, and on PostgreSQL where DATABASE_URL names one."""
    if list(arguments) == [ADD_READERS]:
        add_readers()
        return
    measure({}, database="SQLite synchronous=FULL")
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with new_database(url) as fresh:
            measure({"DATABASE_URL": fresh}, database="PostgreSQL")


if __name__ == "__main__":
    main(sys.argv[1:])
