"""The child process: bombs cost the caller nothing, and whatever happens has a reason."""

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import imagecodecs
import numpy as np
import psutil
import pytest
from pydicom import uid

from apps.cases.compute import gate_process
from apps.cases.compute.accepted import Accepted
from apps.cases.compute.gate_process import run_gate
from apps.cases.compute.refusals import Refused
from tests import dicom

ROOT = Path(__file__).resolve().parents[2]


def judge(path: Path, **limits: float) -> Accepted:
    work_dir = path.parent / f"{path.name}.work"
    work_dir.mkdir()
    return run_gate(path, work_dir, **limits)  # type: ignore[arg-type]


@pytest.fixture
def plain_file(tmp_path: Path) -> Path:
    return dicom.write(tmp_path / "plain.dcm", dicom.instance())


def _bombs() -> dict[str, tuple[bytes, str]]:
    jpeg = imagecodecs.jpeg8_encode(np.zeros((6000, 6000), dtype="uint8"))
    j2k = imagecodecs.jpeg2k_encode(np.zeros((64, 64), dtype="uint8"), level=0, codecformat="j2k")
    j2k = j2k.replace(struct.pack(">L", 64), struct.pack(">L", 8192))
    rle = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * 294
    small = dicom.ramp(64, 64)

    def file(stream: bytes, syntax: uid.UID, **attributes: int) -> bytes:
        header = dicom.encapsulated([stream], small, transfer_syntax=str(syntax), **attributes)
        path = Path(os.environ["BOMB_DIR"]) / "bomb.dcm"
        return dicom.write(path, header).read_bytes()

    huge = {"Rows": 65535, "Columns": 65535}
    return {
        "deflate": (dicom.deflated_bomb(512 << 20), "inflates_too_much"),
        "jpeg": (file(jpeg, uid.JPEGBaseline8Bit), "codestream_mismatch"),
        "jpeg2000": (
            file(j2k, uid.JPEG2000Lossless, Rows=8192, Columns=8192),
            "implausible_compression",
        ),
        "rle": (file(rle, uid.RLELossless, **huge), "image_too_large"),
        "nested": (dicom.part_10(dicom.nested_sequences(300)), "too_deep"),
        "slope": (dicom.part_10(dicom.element(0x00281053, "DS", b"nan ")), "not_finite"),
        "text": (b"hello" * 100, "not_dicom"),
    }


def test_bombs_are_refused_in_time_and_cost_the_caller_no_memory(
    tmp_path: Path, plain_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOMB_DIR", str(tmp_path))
    paths = {}
    for name, (content, code) in _bombs().items():
        paths[name] = (tmp_path / f"{name}.dcm", code)
        paths[name][0].write_bytes(content)
        del content
    judge(plain_file)  # the server is warm, as it is in a running web process
    this = psutil.Process()
    before = this.memory_info().rss

    for name, (path, code) in paths.items():
        started = time.perf_counter()
        with pytest.raises(Refused) as refused:
            judge(path)
        elapsed_s = time.perf_counter() - started
        assert (name, refused.value.code) == (name, code)
        assert elapsed_s < 2.0, name

    assert this.memory_info().rss - before < 5 << 20


def test_accepted_file_is_the_same_as_in_process(plain_file: Path) -> None:
    accepted = judge(plain_file)
    assert accepted.facts.patient_id == "P-1"
    assert accepted.stored_path.exists()
    assert accepted.rendition_path == accepted.stored_path


def test_too_little_memory(plain_file: Path) -> None:
    pixels = np.zeros((4000, 4000), dtype="uint16")
    pixels[::2] = 1
    path = dicom.write(plain_file.parent / "large.dcm", dicom.instance(pixels))
    with pytest.raises(Refused) as refused:
        judge(path, memory_bytes=300 << 20)
    assert refused.value.code == "too_expensive"


def test_too_little_time(plain_file: Path) -> None:
    with pytest.raises(Refused) as refused:
        judge(plain_file, timeout_s=0.001)
    assert refused.value.code == "too_expensive"


def test_server_that_was_killed_is_started_again(plain_file: Path, tmp_path: Path) -> None:
    judge(plain_file)
    server = gate_process._server._process
    assert server is not None
    server.send_signal(signal.SIGKILL)
    server.wait()
    again = dicom.write(tmp_path / "again.dcm", dicom.instance())
    assert judge(again).facts.patient_id == "P-1"
    assert gate_process._server._process is not server


def test_child_that_dies_is_reported(plain_file: Path) -> None:
    # no room to load anything: the child cannot even run Python
    with pytest.raises(Refused) as refused:
        judge(plain_file, memory_bytes=1 << 20)
    assert refused.value.code in {"decoder_crashed", "too_expensive"}


def test_server_that_cannot_start_is_no_verdict_on_the_file(
    plain_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate_process._server.stop()
    monkeypatch.setattr(gate_process, "_SERVER_MODULE", "apps.cases.compute.no_such_module")
    with pytest.raises(gate_process.GateUnavailableError):
        judge(plain_file)


def test_many_threads_may_ask(tmp_path: Path) -> None:
    paths = []
    for number in range(8):
        header = dicom.instance(SOPInstanceUID=f"2.25.{number + 10}")
        paths.append(dicom.write(tmp_path / f"{number}.dcm", header))
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = judge(paths[number]).facts.sop_instance_uid

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: f"2.25.{number + 10}" for number in range(8)}


def test_server_ends_with_its_caller_and_sees_no_secret(plain_file: Path, tmp_path: Path) -> None:
    """From a process of another folder with a secret in its environment, killed without warning."""
    work_dir = tmp_path / "elsewhere"
    work_dir.mkdir()
    script = (
        "import sys, os, pathlib\n"
        "from apps.cases.compute import gate_process as g\n"
        f"g.run_gate(pathlib.Path({str(plain_file)!r}), pathlib.Path({str(work_dir)!r}))\n"
        "pid = g._server._process.pid\n"
        "environment = pathlib.Path(f'/proc/{pid}/environ').read_bytes()\n"
        "print(pid, b'SECRET' in environment, 'pydicom' in sys.modules, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    pid, has_secret, has_readers = done.stdout.split()
    assert (has_secret, has_readers) == ("False", "False")
    _, alive = psutil.wait_procs(
        [psutil.Process(int(pid))] if psutil.pid_exists(int(pid)) else [], timeout=10
    )
    assert not alive


def test_server_never_loads_django() -> None:
    script = (
        "import sys, apps.cases.compute.gate_server\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'torch'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
