"""Two worlds, thousands of histories: `make blindness-long` goes on where it stopped, and adds up.

Each round of histories is one run of the two-world test with fresh randomness; its number is added
to a record once it has passed. A difference stops everything and stays in the record.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "test-results" / "blindness.json"
HISTORIES_A_ROUND = 200
TEST = "tests/feedback/labeling/test_blindness.py::test_an_annotator_sees_the_same_in_both_worlds"


def recorded() -> dict[str, object]:
    """Give what was shown so far."""
    if RECORD.is_file():
        found: dict[str, object] = json.loads(RECORD.read_text())
        return found
    return {"histories": 0, "differences": 0, "seconds": 0.0}


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    ends = time.monotonic() + minutes * 60
    record = recorded()
    while time.monotonic() < ends:
        begun = time.monotonic()
        environment = {**os.environ, "COREAD_HISTORIES": str(HISTORIES_A_ROUND)}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "--show-capture=no", TEST],
            cwd=ROOT,
            env=environment,
            check=False,
        )
        is_same = done.returncode == 0
        record["histories"] = int(str(record["histories"])) + HISTORIES_A_ROUND * is_same
        record["differences"] = int(str(record["differences"])) + (not is_same)
        record["seconds"] = float(str(record["seconds"])) + time.monotonic() - begun
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        RECORD.write_text(json.dumps(record) + "\n")
        print(json.dumps(record), flush=True)
        if not is_same:
            sys.exit("The worlds differ: see the history above.")


if __name__ == "__main__":
    main()
