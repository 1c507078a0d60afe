"""How are the hash-locked requirements files made? Run by `make lock`.

dev.txt is resolved first and constrains the others, so that a package has one version everywhere.
pip's configuration files are left out on purpose: a lock must hold the hashes of the public index,
not those of a local mirror. torch and the CUDA packages it pulls on some machines never enter a
lock (see requirements/torch.txt).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements"
NOT_LOCKED = (
    *("torch", "triton", "cuda-bindings", "cuda-pathfinder", "cuda-toolkit"),
    *("nvidia-cublas", "nvidia-cuda-cupti", "nvidia-cuda-nvrtc", "nvidia-cuda-runtime"),
    *("nvidia-cudnn-cu13", "nvidia-cufft", "nvidia-cufile", "nvidia-curand", "nvidia-cusolver"),
    *("nvidia-cusparse", "nvidia-cusparselt-cu13", "nvidia-nccl-cu13", "nvidia-nvjitlink"),
    *("nvidia-nvshmem-cu13", "nvidia-nvtx"),
)


def compile_lock(name: str, *, constrained_by: str | None) -> None:
    """Write requirements/<name>.txt from requirements/<name>.in."""
    command = [
        *(sys.executable, "-m", "piptools", "compile", "--quiet", "--generate-hashes"),
        *("--strip-extras", "--no-emit-index-url", "--no-emit-trusted-host"),
        *("--no-emit-find-links", "--no-emit-options"),
        *("--output-file", f"{name}.txt"),
        *(f"--unsafe-package={package}" for package in NOT_LOCKED),
    ]
    if constrained_by is not None:
        command.append(f"--constraint={constrained_by}.txt")
    environment = {
        **os.environ,
        "PIP_CONFIG_FILE": os.devnull,
        "CUSTOM_COMPILE_COMMAND": "make lock",
    }
    subprocess.run([*command, f"{name}.in"], cwd=REQUIREMENTS, env=environment, check=True)


def main() -> None:
    compile_lock("dev", constrained_by=None)
    compile_lock("worker", constrained_by="dev")
    compile_lock("web", constrained_by="dev")
    compile_lock("registration", constrained_by="dev")
    compile_lock("node", constrained_by=None)


if __name__ == "__main__":
    main()
