"""How much memory does the web process need after it has served a day's kinds of requests?"""

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import psutil

from bench.figure import Figure
from scripts.stack import Person, Stack, running

LIMIT_MB: Final = 250.0
ROUNDS: Final = 5


def web_processes(stack: Stack) -> list[psutil.Process]:
    """Find gunicorn's processes below the supervisor."""
    children = psutil.Process(stack.process.pid).children(recursive=True)
    return [child for child in children if "gunicorn" in " ".join(child.cmdline())]


def read_everything(person: Person) -> int:
    """Open the worklist and every case with its pixels and maps; count the requests."""
    requests = 0
    project = person.json("/api/projects")[0]["id"]
    rows = person.send("POST", f"/api/projects/{project}/worklist", {"limit": 100})["rows"]
    for row in rows:
        review: dict[str, Any] = person.json(f"/api/cases/{row['case_id']}/review")
        study = f"/dicomweb/studies/{review['study']['study_instance_uid']}"
        for series in review["series"]:
            folder = f"{study}/series/{series['series_instance_uid']}"
            person.get(f"{folder}/metadata")
            for instance in series["instances"]:
                person.get(f"{folder}/instances/{instance['sop_instance_uid']}/frames/1")
                person.get(instance["thumbnail_url"])
                requests += 2
        for prediction in review.get("ai", {}).get("predictions", []):
            if prediction["maps"]:
                person.get(prediction["maps"]["url"])
                requests += 1
        requests += 2
    return requests


def main() -> None:
    """Print `web_rss_mb`; fail if torch is in the web process."""
    with (
        tempfile.TemporaryDirectory(prefix="coread-") as folder,
        running(Path(folder)) as stack,
    ):
        person = Person(stack, "reader", "coread-reader")
        requests = sum(read_everything(person) for _ in range(ROUNDS))
        processes = web_processes(stack)
        with_torch = [
            process.pid
            for process in processes
            if any("torch" in mapped.path for mapped in process.memory_maps())
        ]
        if with_torch:
            sys.exit("torch is loaded in the web process")
        largest_mb = max(process.memory_info().rss for process in processes) / 1e6
    Figure(
        figure="web_rss_mb",
        value=largest_mb,
        unit="MB",
        peer="limit",
        peer_value=LIMIT_MB,
        ratio=LIMIT_MB / largest_mb,
        n=requests,
        where="largest gunicorn process after n requests, no torch in any, SQLite",
    ).print()


if __name__ == "__main__":
    main()
