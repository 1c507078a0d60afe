"""How is the gate run without trusting the file? In a child process with limits, one per file.

Callable from any thread of a web process and from management commands. The caller never imports a
DICOM reader for it and reads nothing from the child but one JSON object.
"""

import atexit
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

from apps.cases.compute.accepted import Accepted
from apps.cases.compute.refusals import Refused

# The processor time is the limit; the clock is wider, because on a busy machine an honest large
# image waits long for its ten seconds.
TIMEOUT_S: Final = 30.0
MEMORY_BYTES: Final = 3 << 29  # 1.5 GiB of address space, libraries included
CPU_S: Final = 10

_SERVER_MODULE: Final = "apps.cases.compute.gate_server"
_REPOSITORY: Final = Path(__file__).resolve().parents[3]
_CLEAN_ENVIRONMENT: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # one thread: forking a process with threads is not safe, and threads cost address space
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
_GRACE_S: Final = 2.0  # for the child's end to arrive after its alarm
_ANSWER_BYTES: Final = 64 << 20
_CHILD_BEGAN: Final = b"\n"
_READ_BYTES: Final = 1 << 16
# each child may take MEMORY_BYTES: a burst of uploads waits here instead of exhausting the host
_slots = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))


class GateUnavailableError(RuntimeError):
    """The forking server does not start or stay: a fault of the installation, not of a file."""


class _Server:
    """The forking server, started on first use and again if it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def request(self, message: dict[str, Any], answer: int) -> None:
        """Send one request together with the descriptor for its answer."""
        encoded = json.dumps(message).encode()
        with self._lock:
            for is_last in (False, True):
                control = self._running()
                try:
                    socket.send_fds(control, [encoded], [answer])
                except OSError:
                    self._forget()
                    if is_last:
                        raise
                else:
                    return

    def stop(self) -> None:
        """Close the socket, which ends the server, and wait for it."""
        with self._lock:
            self._forget()

    def _running(self) -> socket.socket:
        is_inherited = self._owner != os.getpid()  # forked from a process that had one
        if is_inherited and self._control is not None:
            self._control.close()
            self._control, self._process = None, None
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control
        self._forget()
        return self._start()

    def _start(self) -> socket.socket:
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _SERVER_MODULE, str(theirs.fileno())],
                cwd=_REPOSITORY,
                env=_CLEAN_ENVIRONMENT,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self._control, self._owner = control, os.getpid()
        return control

    def _forget(self) -> None:
        control, process = self._control, self._process
        self._control, self._process = None, None
        if control is not None:
            control.close()
        if process is not None and self._owner == os.getpid():
            process.wait()


_server = _Server()
atexit.register(_server.stop)


def run_gate(
    source: Path,
    work_dir: Path,
    *,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
    cpu_s: int = CPU_S,
) -> Accepted:
    """Judge one file in a child process.

    Parameters
    ----------
    source : the file as received
    work_dir : an empty directory; the accepted files are written there, and a refused file leaves
        rubbish that the caller removes with it
    timeout_s : wall clock, s
    memory_bytes : address space of the child
    cpu_s : processor time of the child, s

    Returns
    -------
    Accepted

    Raises
    ------
    Refused : the gate's reason; "too_expensive" beyond time or memory, "decoder_crashed" if the
        child died
    GateUnavailableError : there is no server to ask, twice in a row
    """
    message = {
        "source": str(source.resolve()),
        "work_dir": str(work_dir.resolve()),
        "timeout_s": timeout_s,
        "memory_bytes": memory_bytes,
        "cpu_s": cpu_s,
    }
    with _slots:
        # a server that dies with a request in its hands (killed for memory) is asked again once
        answer = _ask(message) or _ask(message)
    if answer is None:
        raise GateUnavailableError(f"{sys.executable} -m {_SERVER_MODULE} does not run")
    if "accepted" in answer:
        return Accepted.from_json(answer["accepted"])
    raise Refused(answer["refused"], answer["params"])


def _ask(message: dict[str, Any]) -> dict[str, Any] | None:
    """The child's answer, or what its silence means; None if no child ever began.

    A child begins with a line feed, so that silence tells a dead server from a dead child.
    """
    readable, writable = os.pipe()
    with os.fdopen(readable, "rb", buffering=0) as stream:
        started = time.monotonic()
        try:
            _server.request(message, writable)
        finally:
            os.close(writable)
        content = _read_all(stream.fileno(), deadline=started + message["timeout_s"] + _GRACE_S)
        elapsed_s = time.monotonic() - started
    if not content:
        return None
    try:
        answer: dict[str, Any] = json.loads(content)
    except ValueError:  # the child was killed, by its limits or by its own fault
        is_late = elapsed_s >= min(message["timeout_s"], message["cpu_s"])
        return {"refused": "too_expensive" if is_late else "decoder_crashed", "params": {}}
    return answer


def _read_all(descriptor: int, *, deadline: float) -> bytes:
    """What the child writes until it closes the pipe, or until the deadline."""
    content = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while selector.select(deadline - time.monotonic()):
            piece = os.read(descriptor, _READ_BYTES)
            if not piece:
                return bytes(content)
            content += piece
            if len(content) > _ANSWER_BYTES:
                break
    return _CHILD_BEGAN  # too late, or too much: whatever it was, it is not an answer
