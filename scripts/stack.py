"""How do browser tests and benches get a whole running Coread? That of `make run`, in a folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from scripts.servers import free_port

ROOT = Path(__file__).resolve().parent.parent
READY_TIMEOUT_S = 300.0


class StackError(RuntimeError):
    """Coread did not start; the message ends with what it printed."""


@dataclass(frozen=True)
class Stack:
    """A running Coread: its address, its folder, its supervisor's process."""

    url: str
    var: Path
    process: subprocess.Popen[bytes]
    environment: dict[str, str]

    def manage(self, *arguments: str, given: str = "") -> None:
        """Run a management command on its database, with `given` on standard input.

        Raises
        ------
        StackError : the command failed
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=given,
            text=True,
            check=False,
            capture_output=True,
        )
        if done.returncode != 0:
            raise StackError(f"manage.py {arguments[0]} failed:\n{done.stderr[-2000:]}")

    @property
    def log(self) -> str:
        """All that its processes have printed."""
        return (self.var / "stack.log").read_text(errors="replace")


@contextlib.contextmanager
def running(
    var: Path,
    *,
    environment: dict[str, str] | None = None,
    demo: str = "studies",
    phantoms: Path | None = None,
) -> Iterator[Stack]:
    """Run Coread in `var` on a free port until the block ends.

    `demo` is what it begins with: people and "studies", "all" with a round, or "" for nothing.
    `phantoms` is a folder of the demo's files made before, which spares the start a minute.

    Raises
    ------
    StackError : it was not ready in time
    """
    var.mkdir(parents=True, exist_ok=True)
    if phantoms is not None:
        shutil.copytree(phantoms, var / "demo")
    port = free_port()
    # The tests' own PostgreSQL is not this stack's database.
    given = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    given |= {"COREAD_VAR": str(var), **(environment or {})}
    with (var / "stack.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.supervisor", "--port", str(port)]
            + (["--demo", demo] if demo else []),
            cwd=ROOT,
            env=given,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    stack = Stack(f"http://127.0.0.1:{port}", var, process, given)
    try:
        _wait_until_ready(stack)
        yield stack
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _wait_until_ready(stack: Stack) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while "Coread is ready" not in stack.log:
        if stack.process.poll() is not None or time.monotonic() > deadline:
            raise StackError(f"Coread is not ready:\n{stack.log[-2000:]}")
        time.sleep(0.2)


class Person:
    """A logged-in person without a browser: JSON over the standard library."""

    def __init__(self, stack: Stack, username: str, password: str) -> None:
        self.url = stack.url
        self.cookies = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.get("/")
        credentials = {"username": username, "password": password}
        self.send("POST", "/_allauth/browser/v1/auth/login", credentials)

    def get(self, path: str) -> bytes:
        """Fetch a path."""
        with self.opener.open(self.url + path) as answer:
            body: bytes = answer.read()
            return body

    def json(self, path: str) -> Any:
        """Fetch a path that answers JSON."""
        return json.loads(self.get(path))

    def send(self, method: str, path: str, body: object, *, key: str = "") -> Any:
        """Send JSON with the CSRF token and an Idempotency-Key; give the JSON answer."""
        return self._sent(method, path, json.dumps(body).encode(), "application/json", key=key)

    def upload(self, project_id: str, file: Path) -> Any:
        """Upload one file as a browser does."""
        boundary = "coread-boundary"
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
            f'filename="{file.name}"\r\nContent-Type: application/dicom\r\n\r\n'
        )
        body = head.encode() + file.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        path = f"/api/projects/{project_id}/uploads"
        return self._sent("POST", path, body, f"multipart/form-data; boundary={boundary}")

    def _sent(
        self, method: str, path: str, body: bytes, content_type: str, *, key: str = ""
    ) -> Any:
        token = next(cookie.value for cookie in self.cookies if cookie.name == "csrftoken")
        request = urllib.request.Request(  # noqa: S310  the address is our own stack's
            self.url + path,
            data=body,
            method=method,
            headers={
                "Content-Type": content_type,
                "X-CSRFToken": str(token),
                "Idempotency-Key": key or os.urandom(16).hex(),
            },
        )
        with self.opener.open(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None
