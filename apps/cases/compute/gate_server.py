"""The process behind gate_process: one clean process that forks a limited child for each file.

It is started as `python -m apps.cases.compute.gate_server FD` with an almost empty environment (no
secret of the web process), imports the readers once, and waits on the Unix socket FD. A request is
one JSON datagram with the write end of a pipe; the child answers there with one JSON object and
ends. When the caller closes the socket, or dies, the server ends too.

Python's own forkserver is not used: it runs the caller's main module (gunicorn, a Django command)
inside every child, ignores a failed preload, and speaks pickle.
"""

import json
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import imagecodecs
from PIL import Image

from apps.cases.compute.gate import inspect_file
from apps.cases.compute.refusals import Refused
from apps.cases.compute.wrap import WrapFacts, wrap_image

_REQUEST_BYTES: Final = 1 << 16
_OPEN_FILES: Final = 64
_WRITTEN_BYTES: Final = 2 << 30


def warm_up() -> None:
    """Judge one picture, so that what the readers load on first use is shared by every child."""
    for codec in ("jpeg8_decode", "jpegls_decode", "jpeg2k_decode", "packbits_decode"):
        getattr(imagecodecs, codec)
    with tempfile.TemporaryDirectory() as folder:
        picture, instance = Path(folder) / "a.png", Path(folder) / "a.dcm"
        Image.new("L", (8, 8)).save(picture)
        facts = WrapFacts(
            study_instance_uid="2.25.1",
            series_instance_uid="2.25.2",
            sop_instance_uid="2.25.3",
            patient_id="-",
            modality="OT",
        )
        wrap_image(picture, facts, instance)
        inspect_file(instance, Path(folder))


def serve(control: socket.socket) -> None:
    """Fork a child for every request until the caller is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the children
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, _REQUEST_BYTES, 1)
        if not message:
            return
        (answer,) = descriptors
        if os.fork() == 0:
            control.close()
            _judge(json.loads(message), answer)
            os._exit(0)
        os.close(answer)


def _judge(request: dict[str, Any], answer: int) -> None:
    """Judge one file in this child; an unforeseen error is reported by type and place only."""

    def report_crash(
        kind: type[BaseException], _error: BaseException, trace: TracebackType | None
    ) -> None:
        frame = traceback.extract_tb(trace)[-1]
        where = f"{kind.__name__} at {Path(frame.filename).name}:{frame.lineno}"
        _write(answer, {"refused": "decoder_crashed", "params": {"cause": where}})

    sys.excepthook = report_crash
    os.write(answer, b"\n")  # there is a child: from here on, silence is its own fault
    _limit(request)
    try:
        accepted = inspect_file(Path(request["source"]), Path(request["work_dir"]))
        _write(answer, {"accepted": accepted.to_json()})
    except Refused as refusal:
        _write(answer, {"refused": refusal.code, "params": refusal.params})
    except MemoryError:
        _write(answer, {"refused": "too_expensive", "params": {}})


def _limit(request: dict[str, Any]) -> None:
    """Bound memory, processor, wall clock and files; the kernel enforces it inside C code too."""
    cpu_s, memory = int(request["cpu_s"]), int(request["memory_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold a patient's image
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_WRITTEN_BYTES, _WRITTEN_BYTES))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, float(request["timeout_s"]))


def _write(descriptor: int, answer: dict[str, Any]) -> None:
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        json.dump(answer, stream, allow_nan=False)


if __name__ == "__main__":
    warm_up()
    serve(socket.socket(fileno=int(sys.argv[1])))
