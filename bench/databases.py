"""Runs a bench on a fresh SQLite, and on a fresh PostgreSQL where DATABASE_URL names one.

In a process each: Django has one default database, and it is chosen before Django starts.
"""

import os
import subprocess
import sys
import tempfile
from typing import Final

MEASURE: Final = "measure"


def measure_on_each_database(module: str) -> None:
    """Run `python -m MODULE measure NAME` for each database; fail if one fails."""
    given = os.environ.get("DATABASE_URL", "")
    names = ["SQLite synchronous=FULL", *(["PostgreSQL"] if given.startswith("postgres") else [])]
    for name in names:
        with tempfile.TemporaryDirectory(prefix="coread-bench-") as folder:
            environment = {
                **os.environ,
                "COREAD_VAR": folder,
                "DATABASE_URL": given if name == "PostgreSQL" else f"sqlite:///{folder}/bench.db",
                "DJANGO_SETTINGS_MODULE": "config.settings",
                "OMP_WAIT_POLICY": "PASSIVE",
            }
            command = [sys.executable, "-m", module, MEASURE, name]
            subprocess.run(command, env=environment, check=True)
