"""Does the structure hold that no single file shows: imports, keys, jobs, files, documents?"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps as django_apps
from django.db.models import ForeignKey, ManyToManyField, Model

from apps.queue import registered_jobs

ROOT = Path(__file__).resolve().parent.parent
CHAIN = ["cases", "inference", "explain", "feedback"]  # each may know those before it
OWN_CODE = ("apps", "config", "workers", "scripts")
LONGEST_FILE = 400
EXCUSE = r"(?i)auto-generated|longer than 400 lines because"


def own_models() -> Iterator[type[Model]]:
    for model in django_apps.get_models():
        if model._meta.app_label in CHAIN:
            yield model


def own_files(suffix: str, *folders: str) -> list[Path]:
    found = [file for folder in folders for file in (ROOT / folder).rglob(f"*{suffix}")]
    generated = {"node_modules", "migrations"}
    return [file for file in found if not generated & set(file.parts)]


@pytest.mark.full
def test_imports_keep_their_contracts() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    linted = subprocess.run([program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert linted.returncode == 0, linted.stdout
    assert "0 broken" in linted.stdout


def test_keys_between_apps_point_down_and_leave_no_trace_below() -> None:
    """Strings in models are invisible to the import linter."""
    crossing = [
        (field, CHAIN.index(model._meta.app_label), field.related_model._meta.app_label)
        for model in own_models()
        for field in model._meta.get_fields()
        if isinstance(field, ForeignKey | ManyToManyField)
        and field.related_model._meta.app_label in CHAIN
        and field.related_model._meta.app_label != model._meta.app_label
    ]
    assert crossing, "no key between apps was found: the test looks at nothing"
    for field, level, target in crossing:
        assert CHAIN.index(target) < level, f"{field} points up to {target}"
        assert field.remote_field.related_name == "+", f"{field} needs related_name='+'"


def test_every_job_is_implemented_under_its_name_and_queue() -> None:
    from workers.celery import app

    app.loader.import_default_modules()
    own = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
    assert {name: task.queue for name, task in own.items()} == {
        job.name: job.queue for job in registered_jobs()
    }


@pytest.mark.full
def test_the_web_process_never_loads_torch() -> None:
    code = (
        "import sys, config.wsgi\n"
        "from django.urls import get_resolver\n"
        "assert list(get_resolver().url_patterns)\n"
        "loaded = {'torch', 'torchvision', 'timm', 'captum'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {sorted(loaded)}' if loaded else 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


def test_packages_hide_nothing_in_their_init_files() -> None:
    files = [file for folder in OWN_CODE for file in (ROOT / folder).rglob("__init__.py")]
    assert files
    assert [str(file) for file in files if file.read_text().strip()] == []


def test_no_file_wants_to_be_two() -> None:
    files = own_files(".py", *OWN_CODE) + [
        file for suffix in (".ts", ".tsx") for file in own_files(suffix, "frontend/src")
    ]
    long = {
        str(file.relative_to(ROOT)): lines
        for file in files
        if (lines := len(file.read_text().splitlines())) > LONGEST_FILE
        and not re.search(EXCUSE, file.read_text()[:600])
    }
    assert long == {}


def test_every_environment_variable_is_documented_and_every_documented_one_is_read() -> None:
    pattern = r"\b(?:COREAD_[A-Z_]+|DATABASE_URL|REDIS_URL|WEB_[A-Z]+)\b"
    code = "\n".join(
        (ROOT / "config" / name).read_text() for name in ("environment.py", "gunicorn.py")
    )
    read = set(re.findall(rf'"({pattern})"', code))
    page = (ROOT / "docs" / "deployment.md").read_text()
    table = "\n".join(line for line in page.splitlines() if line.startswith("| `"))
    documented = set(re.findall(rf"`({pattern})`", table))
    assert read == documented


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_only_files_that_exist(name: str) -> None:
    text = (ROOT / name).read_text()
    links = re.findall(r"\]\(((?!https?:)[^)]+)\)", text)
    paths = re.findall(r"`((?:apps|config|workers|frontend|docs)/[\w./-]+)`", text)
    assert links
    assert paths
    missing = [path for path in {*links, *paths} if not (ROOT / path).exists()]
    assert missing == []
