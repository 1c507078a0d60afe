"""Does the supervisor start, watch and stop its children as `make run` promises?"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps.queue import registered_jobs
from config import supervisor as module
from config.supervisor import CannotStart, Service, Supervisor

FOREVER = "import signal; signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def value_of(command: list[str], option: str) -> str:
    return command[command.index(option) + 1]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop()


def watch_until(supervisor: Supervisor, condition: object) -> None:
    """Let the supervisor look after its children until the condition holds, 10 s at most."""
    assert callable(condition)
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        supervisor.watch_once()
        threading.Event().wait(0.01)


def test_a_killed_child_is_started_again(supervisor: Supervisor) -> None:
    child = supervisor.start(Service("one", python(FOREVER)))
    first = child.process.pid
    child.process.kill()
    watch_until(supervisor, lambda: child.process.pid != first)
    assert child.process.poll() is None


def test_the_pause_doubles_while_a_child_keeps_dying_and_has_a_limit() -> None:
    pauses, pause = [], 0.5
    for _ in range(8):
        pause = module.next_pause_s(pause, ran_s=0.1)
        pauses.append(pause)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert module.next_pause_s(30.0, ran_s=61.0) == 1.0


def test_a_child_that_is_to_run_once_is_not_started_again(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    child = supervisor.start(Service("import", python("print('3 files')"), is_once=True))
    first = child.process.pid
    watch_until(supervisor, lambda: child.is_reported)
    supervisor.watch_once()
    assert child.process.pid == first
    assert "import is done (exit code 0)" in capsys.readouterr().out


def test_a_childs_lines_carry_its_name(
    supervisor: Supervisor, capsys: pytest.CaptureFixture[str]
) -> None:
    child = supervisor.start(Service("web", python("print('listening')"), is_once=True))
    watch_until(supervisor, lambda: child.is_reported)
    child.reader.join(5)
    assert "web    | listening\n" in capsys.readouterr().out


def test_stop_ends_the_children_and_what_they_started(supervisor: Supervisor) -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {FOREVER!r}])"
    child = supervisor.start(Service("parent", python(code)))
    supervisor.stop()
    assert child.process.poll() is not None
    with pytest.raises(ProcessLookupError):
        os.killpg(child.process.pid, 0)


def test_a_taken_port_is_refused_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"make run PORT={port + 1}"):
            module.check_port(port)


def test_a_second_coread_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        module.only_one(tmp_path),
        pytest.raises(CannotStart, match="already runs"),
        module.only_one(tmp_path),
    ):
        pass
    with module.only_one(tmp_path):
        pass


def test_a_folder_too_deep_for_a_socket_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="COREAD_VAR"):
        module.redis_service(tmp_path / ("x" * 100))


def test_redis_has_no_port_and_a_socket_for_its_owner_alone(
    supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    redis = pytest.importorskip("redis")
    folder = tmp_path_factory.mktemp("r") / "redis"
    service = module.redis_service(folder)
    supervisor.start(service)
    client = redis.Redis(unix_socket_path=str(folder / "redis.sock"))
    watch_until(supervisor, (folder / "redis.sock").exists)
    assert client.config_get("port")["port"] == "0"
    assert client.config_get("appendfsync")["appendfsync"] == "everysec"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "redis.sock").stat().st_mode & 0o777 == 0o700


def test_every_job_has_a_worker_and_the_workers_do_not_spin() -> None:
    workers = module.worker_services()
    read = [q for worker in workers for q in value_of(list(worker.command), "--queues").split(",")]
    assert {job.queue for job in registered_jobs()} <= set(read)
    assert len(read) == len(set(read))
    assert all(worker.environment["OMP_WAIT_POLICY"] == "PASSIVE" for worker in workers)


def test_the_web_process_listens_on_this_machine_only() -> None:
    web = module.web_service(port=8123)
    assert web.environment["COREAD_BIND"] == "127.0.0.1:8123"


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux can be asked for this")
    code = (
        "from config.supervisor import Service, Supervisor; import sys, time\n"
        f"child = Supervisor().start(Service('x', [sys.executable, '-c', {FOREVER!r}]))\n"
        "print(child.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(python(code), cwd=module.ROOT, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    pidfd = os.pidfd_open(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_for_end(pidfd), "the child outlived its supervisor"


def wait_for_end(pidfd: int) -> bool:
    """Wait up to 10 s for a process that is not our child."""
    import select

    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    ended = bool(poll.poll(10_000))
    if not ended:
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.close(pidfd)
    return ended
