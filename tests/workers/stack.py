"""Real worker processes on the test's database, their own Redis, and a ledger of what they did."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import redis
from django.db import connection

from scripts import servers

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0
_clock = threading.Event()


def eventually(holds: Callable[[], bool], *, timeout_s: float, what: str) -> None:
    """Return once it holds; fail after the timeout with what was awaited."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        _clock.wait(0.1)


def database_url() -> str:
    """The address of the test's own database."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user = f"{settings['USER']}:{settings['PASSWORD']}"
    return f"postgresql://{user}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"


class Redis:
    """A Redis on a socket that keeps nothing: a restart loses every message."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        command = [servers.find_redis(), *options, "--dir", str(self.socket.parent)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        eventually(self._answers, timeout_s=START_TIMEOUT_S, what="Redis answers")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def flush(self) -> None:
        with redis.Redis(unix_socket_path=str(self.socket)) as client:
            client.flushall()

    def _answers(self) -> bool:
        client = redis.Redis(unix_socket_path=str(self.socket))
        with client, contextlib.suppress(redis.ConnectionError):
            return bool(client.ping())
        return False


class Stack:
    """Redis and workers, each worker with its children in a process group of its own."""

    def __init__(self, folder: Path, *, var: Path) -> None:
        self.redis = Redis(folder)
        self.folder = folder
        self.var = var
        self.workers: list[subprocess.Popen[bytes]] = []

    def start_worker(self, name: str, *, failpoint: str = "") -> subprocess.Popen[bytes]:
        """Start a Celery worker for all queues, with the schedule."""
        command = [
            *(sys.executable, "-m", "celery", "-A", "workers.celery", "worker", "--beat"),
            *("-Q", "interactive,gpu,cpu,train", "-c", "1", "-n", f"{name}@%h", "-l", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.workers.crash_settings",
            "DATABASE_URL": database_url(),
            "REDIS_URL": f"redis+socket://{self.redis.socket}",
            "COREAD_VAR": str(self.var),
            "COREAD_FAILPOINT": f"{failpoint}:{self.folder}/failpoint" if failpoint else "",
            "OMP_NUM_THREADS": "1",
        }
        log = self.log_of(name).open("ab")
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        self.workers.append(worker)
        return worker

    def log_of(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def times_failed(self) -> int:
        """How often the failpoint has acted."""
        ledger = self.folder / "failpoint"
        return ledger.stat().st_size if ledger.exists() else 0

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """End a worker and all its children at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def stopped_children(self, worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """The children that a failpoint has frozen."""
        children = psutil.Process(worker.pid).children(recursive=True)
        return [child for child in children if child.status() == psutil.STATUS_STOPPED]


@contextlib.contextmanager
def running_stack(var: Path) -> Iterator[Stack]:
    """Run Redis; end everything that was started, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="coread-"))  # a socket's path must be short
    stack = Stack(folder, var=var)
    try:
        stack.redis.start()
        yield stack
    finally:
        for worker in stack.workers:
            stack.kill(worker)
        stack.redis.kill()
        for log in sorted(folder.glob("*.log")):  # shown where the test has failed
            sys.stdout.write(f"--- {log.name}\n{log.read_text()[-4000:]}\n")
        shutil.rmtree(folder)


LEDGER = {
    "sqlite": """
        CREATE TABLE done_ledger (prediction VARCHAR(36));
        CREATE TRIGGER done_ledger_keep AFTER UPDATE ON inference_prediction
        WHEN NEW.state = 'done' BEGIN INSERT INTO done_ledger VALUES (NEW.id); END
    """,
    "postgresql": """
        CREATE TABLE done_ledger (prediction VARCHAR(36));
        CREATE FUNCTION done_ledger_keep() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO done_ledger VALUES (NEW.id); RETURN NULL; END $$;
        CREATE TRIGGER done_ledger_keep AFTER UPDATE ON inference_prediction
        FOR EACH ROW WHEN (NEW.state = 'done') EXECUTE FUNCTION done_ledger_keep()
    """,
}


@contextlib.contextmanager
def done_ledger() -> Iterator[Callable[[], Counter[str]]]:
    """Count in the database itself how often each image was answered, or touched afterwards."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            table, trigger = LEDGER["sqlite"].split(";", 1)
            cursor.execute(table)
            cursor.execute(trigger)
        else:
            cursor.execute(LEDGER["postgresql"])

    def counts() -> Counter[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT prediction FROM done_ledger")
            return Counter(row[0] for row in cursor.fetchall())

    try:
        yield counts
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("DROP TRIGGER done_ledger_keep")
            else:
                cursor.execute("DROP FUNCTION done_ledger_keep() CASCADE")
            cursor.execute("DROP TABLE done_ledger")
