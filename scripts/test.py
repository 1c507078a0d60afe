"""Which tests run on which servers? `make test`, `make test-quick`, `make e2e`.

`all` runs the quick tier on SQLite, then the quick tier, the full tier and the browser tests on a
temporary PostgreSQL, all with a real Redis. Where a server is not installed, that is said and the
rest runs (but CI fails).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts import servers

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [str(ROOT / ".venv" / "bin" / "python"), "-m", "pytest"]
QUICK = ["-m", "not full and not e2e"]
FULL = ["-m", "full and not e2e"]
# One at a time: two stacks and two browsers on two cores wait longer than any reader would.
E2E = ["-m", "e2e"]
# torch shares the cores with the tests: more than two at a time only waits
TWO = ["-n", "2", "--dist"]
PARALLEL = [*TWO, "loadscope"]
# A file here may take ten minutes: its tests go one by one to whoever is free.
ONE_BY_ONE = [*TWO, "load", "--maxschedchunk", "1"]


def pytest(title: str, arguments: Sequence[str], urls: dict[str, str]) -> bool:
    """Run pytest once and tell whether it passed."""
    print(f"\n== {title}", flush=True)
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    finished = subprocess.run(
        [*PYTEST, *arguments], cwd=ROOT, env={**environment, **urls}, check=False
    )
    return finished.returncode == 0


def started(stack: contextlib.ExitStack, name: str) -> dict[str, str]:
    """Start a server for as long as the stack lives; say so where it is not installed."""
    servers_by_name = {"DATABASE_URL": servers.postgresql, "REDIS_URL": servers.redis}
    try:
        return {name: stack.enter_context(servers_by_name[name]())}
    except servers.ServerMissingError as missing:
        if os.environ.get("CI"):
            raise
        print(f"Not installed here: {missing}. The tests that need it do not run.", flush=True)
        return {}


def run_all(arguments: Sequence[str]) -> bool:
    """Run all tiers on every server there is."""
    with contextlib.ExitStack() as stack:
        redis = started(stack, "REDIS_URL")
        database = started(stack, "DATABASE_URL")
        urls = {**redis, **database}
        tiers = [("quick tier on SQLite", [*QUICK, *PARALLEL], redis)]
        if database:
            tiers.append(("quick tier on PostgreSQL", [*QUICK, *PARALLEL], urls))
        where = "PostgreSQL" if database else "SQLite"
        tiers.append((f"full tier on {where}", [*FULL, *ONE_BY_ONE], urls))
        tiers.append((f"browser tests on {where}", E2E, urls))
        passed = [pytest(title, [*tier, *arguments], given) for title, tier, given in tiers]
    return all(passed)


def run_some(selection: Sequence[str], arguments: Sequence[str]) -> bool:
    """Run a part on SQLite, for while one works."""
    with contextlib.ExitStack() as stack:
        redis = started(stack, "REDIS_URL")
        return pytest("tests on SQLite", [*selection, *arguments], redis)


def main() -> None:
    servers.clean_up_when_terminated()
    match sys.argv[1:]:
        case ["all", *arguments]:
            passed = run_all(arguments)
        case ["quick", *arguments]:
            passed = run_some([*QUICK, *PARALLEL], arguments)
        case ["e2e", *arguments]:
            passed = run_some(E2E, arguments)
        case _:
            sys.exit("usage: python -m scripts.test all|quick|e2e [pytest's arguments]")
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
