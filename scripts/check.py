"""Is the code as we want it, without running a test? `make check`: all run, all faults show.

Format, lint, types, import contracts, migrations, the committed API schema, the frontend's own
checks and unit tests, and Django's deployment check under a production environment.
"""

from __future__ import annotations

import difflib
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
SCHEMA = ROOT / "frontend" / "openapi.yaml"
COMMANDS: dict[str, Sequence[str]] = {
    "format": [str(BIN / "ruff"), "format", "--check", "--quiet", "."],
    "lint": [str(BIN / "ruff"), "check", "--quiet", "."],
    "types": [str(BIN / "mypy")],
    "imports": [str(BIN / "lint-imports")],
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "frontend": [PYTHON, "-m", "scripts.frontend", "npm", "run", "--silent", "check"],
    "frontend tests": [PYTHON, "-m", "scripts.frontend", "npm", "test", "--silent"],
}


def production_environment(var: Path) -> dict[str, str]:
    """Return an environment as docs/deployment.md tells a site to set it."""
    return {
        "COREAD_ENV": "production",
        "COREAD_SECRET_KEY": secrets.token_urlsafe(64),
        "COREAD_ALLOWED_HOSTS": "coread.example.org",
        "COREAD_TRUSTED_ORIGINS": "https://coread.example.org",
        "COREAD_BEHIND_TLS_PROXY": "1",
        "COREAD_VAR": str(var),
        "DATABASE_URL": f"postgresql://coread:{secrets.token_hex(16)}@127.0.0.1:5432/coread",
        "REDIS_URL": "redis://127.0.0.1:6379/0",
    }


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command; return what it printed if it failed, else nothing."""
    finished = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "" if finished.returncode == 0 else finished.stdout or f"exit code {finished.returncode}"


def schema_faults(folder: Path) -> str:
    """Compare the API schema that the code gives with the committed one."""
    fresh = folder / "openapi.yaml"
    spectacular = ["spectacular", "--validate", "--fail-on-warn", "--file", str(fresh)]
    faults = run([PYTHON, "manage.py", *spectacular], {})
    if faults:
        return faults
    committed = SCHEMA.read_text().splitlines() if SCHEMA.exists() else []
    difference = difflib.unified_diff(
        committed, fresh.read_text().splitlines(), "frontend/openapi.yaml", "the code", lineterm=""
    )
    lines = list(difference)
    return "\n".join([*lines[:60], "The API has changed: run `make schema`."]) if lines else ""


def report(name: str, faults: str, seconds: float) -> bool:
    """Print one check's line, and its faults; return whether it passed."""
    print(f"{'ok  ' if not faults else 'FAIL'} {name:<16} {seconds:5.1f} s", flush=True)
    if faults:
        print(faults.rstrip(), flush=True)
    return not faults


def all_checks(folder: Path) -> dict[str, Callable[[], str]]:
    """Name every check; each returns its faults, nothing where there is none."""
    environment = {"COREAD_VAR": str(folder / "var")}
    deploy = [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return {
        **{name: partial(run, command, environment) for name, command in COMMANDS.items()},
        "api schema": partial(schema_faults, folder),
        "deployment": partial(run, deploy, production_environment(folder / "production")),
    }


def main() -> None:
    passed = []
    with tempfile.TemporaryDirectory(prefix="coread-check-") as folder:
        for name, check in all_checks(Path(folder)).items():
            started = time.monotonic()
            passed.append(report(name, check(), time.monotonic() - started))
    sys.exit(0 if all(passed) else 1)


if __name__ == "__main__":
    main()
