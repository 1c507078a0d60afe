"""Is the virtual environment what the locks say? Run by make before every verb; stdlib only.

`worker` is what Coread runs with, `dev` what its checks and tests need as well. torch comes first
and alone (requirements/torch.txt), the rest with hashes and without dependency resolution, so that
no other torch can be pulled. A stamp of the lock files' hashes makes the next call return at once.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# What each set already contains: with the developer's set installed, the worker's is there too.
SUPERSETS = {"worker": ("worker", "dev"), "dev": ("dev",)}
MINIMUM_PYTHON = (3, 11)


def lock_hash(name: str) -> str:
    """Hash what decides the content of the set: torch's pin, its lock, the Python."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for lock in ("torch.txt", f"{name}.txt"):
        digest.update((REQUIREMENTS / lock).read_bytes())
    return digest.hexdigest()


def stamp(name: str) -> Path:
    """Return the file that remembers the lock from which the set was installed."""
    return VENV / f"coread-{name}.sha256"


def is_installed(name: str) -> bool:
    """Tell whether the set, or one that contains it, was installed from the present locks."""
    return PYTHON.exists() and any(
        stamp(set_name).exists() and stamp(set_name).read_text() == lock_hash(set_name)
        for set_name in SUPERSETS[name]
    )


def pip_install(*arguments: str) -> None:
    """Run pip of the virtual environment."""
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *arguments], check=True)


def install(name: str) -> None:
    """Install the set `name` into .venv, which is made if absent."""
    if not PYTHON.exists():
        print("Making .venv ...", flush=True)
        venv.create(VENV, with_pip=True)
    print(f"Installing the {name} packages (some minutes the first time) ...", flush=True)
    pip_install("-r", str(REQUIREMENTS / "torch.txt"))
    pip_install("--no-deps", "--require-hashes", "-r", str(REQUIREMENTS / f"{name}.txt"))
    stamp(name).write_text(lock_hash(name))


def main() -> None:
    if sys.version_info < MINIMUM_PYTHON:
        sys.exit("Coread needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 run")
    if len(sys.argv) != 2 or sys.argv[1] not in SUPERSETS:
        sys.exit("usage: python -m scripts.install worker|dev")
    if not is_installed(sys.argv[1]):
        install(sys.argv[1])


if __name__ == "__main__":
    main()
