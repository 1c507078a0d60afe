"""How long do 200 readers wait for the next case, and for the word that a read is locked?

Each opens the next case of a round of 100,000, thinks for ten seconds, locks it and asks again:
over real HTTP, against the whole of Coread as `make run` starts it, on PostgreSQL, with two web
processes a core (threads of one process wait for each other after every query). They have served
for a while before the readers come: everybody thinks equally long, so that those who once had to
wait for each other would come together ever after.
"""

import contextlib
import http.client
import json
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
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import numpy as np

from bench.figure import Figure
from bench.roi_save import new_database
from scripts import servers
from scripts.stack import ROOT, Stack, running

NEXT_LIMIT_MS: Final = 100.0
LOCK_LIMIT_MS: Final = 150.0
READERS: Final = 200
CASES: Final = int(os.environ.get("COREAD_BENCH_CASES", "100000"))
THINK_S: Final = 10.0
MEASURED_S: Final = 90.0
SERVED: Final = {"WEB_CONCURRENCY": str(2 * (os.cpu_count() or 1)), "WEB_THREADS": "2"}
WARM_UP_CYCLES: Final = 4
WARM_UP_EVERY: Final = 5
ROWS_A_STATEMENT: Final = 2000
BUILD: Final = "build"


def build() -> None:
    """Write the round, its cases and its readers, who are logged in; print their sessions."""
    import django

    django.setup()
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection
    from django.utils import timezone

    from apps.cases.models import Finding, Membership, Project, User
    from apps.feedback.labeling.models.rounds import (
        Guideline,
        ReadingRound,
        RoundMember,
        RoundPolicy,
    )

    author = User.objects.create(username="bench-admin")
    project = Project.objects.create(code="bench", name_en="Bench", name_zh="基准")
    Finding.objects.create(project=project, code="nodule", name_en="Nodule", name_zh="结节")
    reading_round = ReadingRound.objects.create(
        project=project,
        name="bench",
        seed=uuid.uuid4().hex,
        made_by=author,
        state="open",
        opened_at=timezone.now(),
    )
    content = {"findings": [{"code": "nodule"}]}
    RoundPolicy.objects.create(round=reading_round, version=1, content=content, author=author)
    Guideline.objects.create(round=reading_round, version=1, text="-", author=author)
    _add_cases(project, reading_round)
    lines = []
    for number in range(READERS):
        user = User(username=f"bench{number}")
        user.set_unusable_password()
        user.save()
        Membership.objects.create(user=user, project=project, role="annotator")
        RoundMember.objects.create(round=reading_round, user=user, role="annotator")
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        lines.append(str(session.session_key))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as a server does within minutes; not while we measure
    sys.stdout.write(
        json.dumps(
            {
                "sessions": lines,
                "round_id": str(reading_round.pk),
                "cookie": settings.SESSION_COOKIE_NAME,
            }
        )
    )


def _add_cases(project: Any, reading_round: Any) -> None:
    from apps.cases.models import Case, CaseInstance, Instance, Patient, Series, Study
    from apps.feedback.labeling.models.rounds import RoundCase

    draw = np.random.default_rng(1)

    def uid() -> str:
        return f"2.25.{uuid.uuid4().int}"

    for first in range(0, CASES, ROWS_A_STATEMENT):
        numbers = range(first, min(first + ROWS_A_STATEMENT, CASES))
        patients = [
            Patient(
                patient_id=f"B{number}",
                identity_sha256=f"{number:064x}",
                name=f"Bench^{number}",
                name_search=f"bench {number}",
            )
            for number in numbers
        ]
        studies = [Study(patient=each, study_instance_uid=uid()) for each in patients]
        series = [Series(study=each, series_instance_uid=uid(), modality="DX") for each in studies]
        instances = [
            Instance(
                series=each,
                sop_instance_uid=uid(),
                sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
                transfer_syntax_uid="1.2.840.10008.1.2.1",
                rows=2000,
                columns=2000,
                number_of_frames=1,
                has_pixels=True,
                is_classifiable=True,
                source_sha256=uuid.uuid4().hex * 2,
                stored_sha256="0" * 64,
                rendition_sha256="0" * 64,
                frame_ranges=[[[0, 12]]],
                metadata={},
            )
            for each in series
        ]
        cases = [Case(project=project, study=each, random_order=draw.random()) for each in studies]
        links = [
            CaseInstance(case=case, instance=instance)
            for case, instance in zip(cases, instances, strict=True)
        ]
        read = [
            RoundCase(
                round=reading_round,
                case=case,
                readers=2,
                open_slots=2,
                unfinal=2,
                draw=draw.random(),
            )
            for case in cases
        ]
        for model, rows in (
            *((Patient, patients), (Study, studies), (Series, series), (Instance, instances)),
            *((Case, cases), (CaseInstance, links), (RoundCase, read)),
        ):
            model.objects.bulk_create(rows)


class Reader:
    """One person at one connection that stays open, as a browser's does."""

    def __init__(self, url: str, *, cookie: str, session: str, round_id: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        self.round_id = round_id
        self.headers = {
            "Cookie": f"{cookie}={session}; csrftoken={'c' * 32}",
            "X-CSRFToken": "c" * 32,
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request; give the JSON answer."""
        headers = {**self.headers, "Idempotency-Key": uuid.uuid4().hex}
        sent = None if body is None else json.dumps(body)
        self.connection.request(method, path, body=sent, headers=headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {text[:300]!r}")
        return json.loads(text)

    def read(self, until: threading.Event, *, start_s: float) -> tuple[list[float], list[float]]:
        """Read until told to stop; give the seconds of every next case and of every lock."""
        nexts: list[float] = []
        locks: list[float] = []
        until.wait(start_s)
        while not until.is_set():
            begun = time.perf_counter()
            read = self.next()
            nexts.append(time.perf_counter() - begun)
            if until.wait(THINK_S):
                break  # or all would lock in the same moment
            begun = time.perf_counter()
            self.lock(read)
            locks.append(time.perf_counter() - begun)
        return nexts, locks

    def warm_up(self) -> None:
        """Read a few cases without a thought, for web processes to load what they need."""
        for _ in range(WARM_UP_CYCLES):
            self.lock(self.next())

    def next(self) -> dict[str, Any]:
        """Ask for the next case; give its read."""
        offer = self.ask("POST", f"/api/label-rounds/{self.round_id}/next", {"load": True})
        read: dict[str, Any] = offer["read"]
        return read

    def lock(self, read: dict[str, Any]) -> None:
        """Lock a read with an answer."""
        self.ask("POST", f"/api/reads/{read['read_id']}/lock", self.answer(read))

    def answer(self, read: dict[str, Any]) -> dict[str, Any]:
        """The read as it is locked."""
        return {
            "revision": read["revision"],
            "confirmed": True,
            "active_s": THINK_S,
            "content": {
                **read["content"],
                "answers": [{"finding": "nodule", "value": "absent", "grade": "", "confidence": 4}],
            },
        }


def measured(stack: Stack, known: dict[str, Any]) -> tuple[list[float], list[float]]:
    """Let everybody read for a while."""
    over = threading.Event()
    readers = [
        Reader(stack.url, cookie=known["cookie"], session=session, round_id=known["round_id"])
        for session in known["sessions"]
    ]
    with ThreadPoolExecutor(READERS) as pool:
        # each process gets some of the connections
        for warming in [pool.submit(reader.warm_up) for reader in readers[::WARM_UP_EVERY]]:
            warming.result()
        reading = [
            pool.submit(reader.read, over, start_s=THINK_S * number / READERS)
            for number, reader in enumerate(readers)
        ]
        over.wait(MEASURED_S)
        over.set()
        found = [each.result() for each in reading]
    nexts = [seconds for each, _ in found for seconds in each]
    locks = [seconds for _, each in found for seconds in each]
    return nexts, locks


def _print(figure: str, seconds: list[float], *, limit_ms: float) -> None:
    p95_ms = statistics.quantiles(seconds, n=20, method="inclusive")[-1] * 1e3
    Figure(
        figure=figure,
        value=p95_ms,
        unit="ms",
        peer="limit",
        peer_value=limit_ms,
        ratio=limit_ms / p95_ms,
        n=len(seconds),
        where=(
            f"{READERS} readers, {THINK_S:.0f} s think time, {CASES} cases, PostgreSQL,"
            f" fsync off, {os.cpu_count()} cores with the readers on them"
        ),
    ).print()


@contextlib.contextmanager
def _server() -> Iterator[str]:
    url = os.environ.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        yield url
        return
    with servers.postgresql() as own:
        yield own


def main(arguments: Sequence[str]) -> None:
    """Print `next_case_p95_ms` and `lock_p95_ms`."""
    if list(arguments) == [BUILD]:
        build()
        return
    servers.clean_up_when_terminated()
    with (
        _server() as url,
        new_database(url) as fresh,
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder), environment={**SERVED, "DATABASE_URL": fresh}, demo="") as stack,
    ):
        built = subprocess.run(
            [sys.executable, "-m", "bench.labeling", BUILD],
            cwd=ROOT,
            env={
                **stack.environment,
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            check=True,
            capture_output=True,
            text=True,
        )
        nexts, locks = measured(stack, json.loads(built.stdout.splitlines()[-1]))
    _print("next_case_p95_ms", nexts, limit_ms=NEXT_LIMIT_MS)
    _print("lock_p95_ms", locks, limit_ms=LOCK_LIMIT_MS)


if __name__ == "__main__":
    main(sys.argv[1:])
