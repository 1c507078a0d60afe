"""`make bench`: runs every bench in a process of its own; they print a JSON line a figure.

Name some to run only those: `make bench ARGS="cam web"`.
"""

import subprocess
import sys
from typing import Final

BENCHES: Final = (
    *("cam", "hot_ratio", "cold_ratio", "web", "browser", "roi_whatif", "roi_save"),
    "labeling",
)


def main() -> None:
    """Run the named benches, or all; fail if one of them failed."""
    names = sys.argv[1:] or list(BENCHES)
    unknown = sorted(set(names) - set(BENCHES))
    if unknown:
        sys.exit(f"No bench named {', '.join(unknown)}: choose among {', '.join(BENCHES)}.")
    failed = [
        name
        for name in names
        if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode != 0
    ]
    if failed:
        sys.exit(f"These benches failed: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
