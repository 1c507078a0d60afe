"""Does docker-compose.yml describe a Coread that works?

The quick tests read the files. The full test runs what they say, command by command with the same
environment, as plain processes against a real PostgreSQL and Redis: no Docker engine is needed.
"""

import contextlib
import http.client
import os
import re
import secrets
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from celery import Celery
from redis import Redis

from apps.queue import registered_jobs
from scripts import servers

ROOT = Path(__file__).resolve().parent.parent
HOST = "coread.example.org"
WAIT_S = 120.0
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[?-])(?P<rest>[^}]*))?\}")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return parsed


@pytest.fixture(scope="module")
def stages() -> dict[str, str]:
    """The Dockerfile's stages: name -> its lines, those of the stage it starts from included."""
    text = (ROOT / "Dockerfile").read_text()
    found: dict[str, str] = {}
    for block in re.split(r"^(?=FROM )", text, flags=re.MULTILINE)[1:]:
        match = re.match(r"FROM (?P<base>\S+) AS (?P<name>\S+)", block)
        assert match is not None, block.splitlines()[0]
        found[match["name"]] = found.get(match["base"], "") + block
    return found


def option(command: list[str], name: str) -> str:
    """Return the value of a command line's option."""
    return command[command.index(name) + 1]


def interpolate(value: object, values: dict[str, str]) -> str:
    """Fill in ${NAME}, ${NAME:?message} and ${NAME:-default} as compose does."""

    def fill(match: re.Match[str]) -> str:
        default = match["rest"] if match["kind"] == "-" else None
        found = values.get(match["name"], default)
        assert found is not None, f"{match['name']} is not set: {match['rest']}"
        return found

    return VARIABLE.sub(fill, str(value))


def test_compose_runs_web_three_kinds_of_worker_postgresql_and_redis(
    compose: dict[str, Any],
) -> None:
    workers = {"worker-gpu", "worker-cpu", "worker-train"}
    assert set(compose["services"]) == {"postgres", "redis", "migrate", "web", *workers}


def test_only_the_web_port_is_published_and_only_on_this_machine(compose: dict[str, Any]) -> None:
    published = {name: s["ports"] for name, s in compose["services"].items() if "ports" in s}
    assert published == {"web": ["127.0.0.1:${PORT:-8000}:8000"]}


def test_every_queue_has_exactly_one_kind_of_worker(compose: dict[str, Any]) -> None:
    read = [
        queue
        for name, service in compose["services"].items()
        if name.startswith("worker-")
        for queue in option(service["command"], "--queues").split(",")
    ]
    assert sorted(read) == ["cpu", "gpu", "interactive", "train"]
    assert {job.queue for job in registered_jobs()} <= set(read)


def test_only_one_worker_runs_the_schedule_and_it_writes_no_pickle(compose: dict[str, Any]) -> None:
    with_beat = [
        service["command"]
        for service in compose["services"].values()
        if "--beat" in service.get("command", [])
    ]
    assert len(with_beat) == 1
    assert option(with_beat[0], "--scheduler") == "celery.beat:Scheduler"


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for name in ("COREAD_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"${{{name}:-" not in text


def test_every_image_is_built_from_a_stage_that_exists(
    compose: dict[str, Any], stages: dict[str, str]
) -> None:
    targets = {
        service["build"]["target"] for service in compose["services"].values() if "build" in service
    }
    assert targets == {"web", "worker"}
    assert targets <= set(stages)


def test_the_web_image_gets_no_torch_and_the_worker_image_does(stages: dict[str, str]) -> None:
    def installed(stage: str) -> str:
        return "\n".join(line for line in stages[stage].splitlines() if "pip install" in line)

    assert "requirements/web.txt" in installed("web")
    assert "torch" not in installed("web")
    assert "worker.txt" not in installed("web")
    assert "requirements/torch.txt" in installed("worker")
    assert "requirements/worker.txt" in installed("worker")
    assert not re.search(r"^torch==", (ROOT / "requirements" / "web.txt").read_text(), re.MULTILINE)


def test_every_variable_of_compose_is_one_that_coread_reads(compose: dict[str, Any]) -> None:
    readers = ["config/environment.py", "config/gunicorn.py"]
    source = "\n".join((ROOT / reader).read_text() for reader in readers)
    for service in compose["services"].values():
        for name in service.get("environment", {}):
            if name.startswith(("COREAD_", "DATABASE_", "REDIS_URL", "WEB_")):
                assert f'"{name}"' in source, name


@dataclass(frozen=True)
class Deployment:
    """A running deployment: the web port, the broker, and each service's process."""

    web_port: int
    broker_url: str
    processes: dict[str, subprocess.Popen[bytes]]
    log: Callable[[str], str]


@pytest.fixture(scope="module")
def deployment(
    compose: dict[str, Any], new_postgresql_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    if not (ROOT / "frontend" / "dist" / "index.html").exists():
        pytest.skip("frontend/dist is not built: make setup")
    folder = tmp_path_factory.mktemp("deployment")
    database = urlsplit(new_postgresql_url)
    create_database(new_postgresql_url, "coread")
    redis_port, web_port = servers.free_port(), servers.free_port()
    values = {
        "COREAD_SECRET_KEY": secrets.token_urlsafe(64),
        "COREAD_HOST": HOST,
        "POSTGRES_PASSWORD": database.password or "",
        "REDIS_PASSWORD": secrets.token_hex(16),
    }
    places = {
        "@postgres:5432": f"@127.0.0.1:{database.port}",
        "@redis:6379": f"@127.0.0.1:{redis_port}",
        "0.0.0.0:8000": f"127.0.0.1:{web_port}",
        "/var/lib/coread": str(folder / "store"),
    }
    run = Runner(compose, values, places, folder)
    with contextlib.ExitStack() as stack:
        redis = run.start(stack, "redis", "--port", str(redis_port), "--dir", str(folder))
        servers.wait_until(partial(servers.accepts, redis_port), redis, name="Redis")
        assert run.start(stack, "migrate").wait(WAIT_S) == 0, run.log("migrate")
        names = ["web", "worker-gpu", "worker-cpu", "worker-train"]
        yield Deployment(
            web_port,
            run.environment("web")["REDIS_URL"],
            {name: run.start(stack, name) for name in names},
            run.log,
        )


def create_database(url: str, name: str) -> None:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    connection.close()


@dataclass(frozen=True)
class Runner:
    """Starts compose's services as processes; `places` maps container names to this machine."""

    compose: dict[str, Any]
    values: dict[str, str]
    places: dict[str, str]
    folder: Path

    def fill(self, value: object) -> str:
        filled = interpolate(value, self.values)
        for name, here in self.places.items():
            filled = filled.replace(name, here)
        return filled

    def environment(self, name: str) -> dict[str, str]:
        given = self.compose["services"][name].get("environment", {})
        return {key: self.fill(value) for key, value in given.items()}

    def command(self, name: str) -> list[str]:
        words = [self.fill(word) for word in self.compose["services"][name]["command"]]
        if words[0] in {"gunicorn", "celery"}:
            return [sys.executable, "-m", *words]
        if words[0] == "sh":
            python = shlex.quote(sys.executable)
            return [*words[:2], words[2].replace("python ", f"{python} ")]
        return [servers.find_redis(), *words[1:]]

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def start(self, stack: contextlib.ExitStack, name: str, *extra: str) -> subprocess.Popen[bytes]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        log = stack.enter_context((self.folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            [*self.command(name), *extra],
            cwd=ROOT,
            env={**kept, **self.environment(name)},
            stdout=log,
            stderr=log,
        )
        stack.callback(end, process)
        return process


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def eventually(question: Callable[[], object], what: str) -> object:
    """Ask until the answer is true."""
    deadline = time.monotonic() + WAIT_S
    pause = threading.Event()
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        pause.wait(0.1)
    raise AssertionError(f"not within {WAIT_S:.0f} s: {what}")


def get(port: int, path: str, **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
    return response


def is_up(port: int) -> bool:
    try:
        return get(port, "/api/health").status == http.client.OK
    except OSError:
        return False


@pytest.mark.full
def test_the_deployment_serves_over_tls_only(deployment: Deployment) -> None:
    eventually(lambda: is_up(deployment.web_port), "the web process answers")
    plain = get(deployment.web_port, "/", Host=HOST)
    assert plain.status == http.client.MOVED_PERMANENTLY
    assert plain.headers["Location"] == f"https://{HOST}/"
    page = get(deployment.web_port, "/", Host=HOST, **{"X-Forwarded-Proto": "https"})
    assert page.status == http.client.OK
    assert "max-age=31536000" in page.headers["Strict-Transport-Security"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    stranger = get(deployment.web_port, "/", Host="evil.example.org")
    assert stranger.status == http.client.BAD_REQUEST


@pytest.mark.full
def test_the_deployments_web_process_has_no_torch(deployment: Deployment) -> None:
    eventually(lambda: is_up(deployment.web_port), "the web process answers")
    master = deployment.processes["web"].pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    assert len(children) == 2  # WEB_CONCURRENCY
    for pid in children:
        assert "libtorch" not in Path(f"/proc/{pid}/maps").read_text()


@pytest.mark.full
@pytest.mark.parametrize("queue", ["interactive", "gpu", "cpu", "train"])
def test_the_deployments_workers_take_and_finish_jobs(deployment: Deployment, queue: str) -> None:
    job = next(job for job in registered_jobs() if job.queue == "cpu")
    with Celery(broker=deployment.broker_url) as app:
        app.send_task(job.name, queue=queue, ignore_result=True)
    with Redis.from_url(deployment.broker_url) as broker:
        eventually(lambda: not broker.llen(queue) and not broker.hlen("unacked"), f"{queue} empty")
    for name in ("worker-gpu", "worker-cpu", "worker-train"):
        assert "Traceback" not in deployment.log(name)
        assert deployment.processes[name].poll() is None
