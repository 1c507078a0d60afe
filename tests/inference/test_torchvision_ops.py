"""Each test is a fresh interpreter, since an operator once defined stays."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.full

ROOT = Path(__file__).parents[2]
OURS = "import apps.inference.compute.torchvision_ops as ours"


def run(code: str, *, first_on_path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{first_on_path}:{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def fake_torchvision(folder: Path, body: str) -> None:
    (folder / "torchvision").mkdir()
    (folder / "torchvision" / "__init__.py").write_text(body)


def test_timm_imports_and_its_networks_run(tmp_path: Path) -> None:
    code = (
        f"{OURS}; import timm, torch;"
        "out = timm.create_model('resnet10t', num_classes=2)(torch.zeros(2, 3, 64, 64));"
        "raise SystemExit(0 if out.shape == (2, 2) else 1)"
    )
    assert run(code, first_on_path=tmp_path).returncode == 0


def test_nothing_is_defined_where_torchvision_loads_its_operators(tmp_path: Path) -> None:
    fake_torchvision(tmp_path, "")
    done = run(f"{OURS}; print(hasattr(ours, 'LIBRARY'))", first_on_path=tmp_path)
    assert done.stdout == "False\n", done.stderr


def test_missing_schemas_are_defined_and_the_import_repeated(tmp_path: Path) -> None:
    fake_torchvision(
        tmp_path,
        "import torch\n"
        "try:\n"
        "    torch.ops.torchvision.nms\n"
        "except AttributeError:\n"
        "    raise RuntimeError('operator torchvision::nms does not exist') from None\n",
    )
    done = run(f"{OURS}; import torch; print(torch.ops.torchvision.qnms)", first_on_path=tmp_path)
    assert done.stdout == "torchvision.qnms\n", done.stderr


def test_another_failure_of_torchvision_is_not_hidden(tmp_path: Path) -> None:
    fake_torchvision(tmp_path, "raise RuntimeError('driver too old')")
    done = run(OURS, first_on_path=tmp_path)
    assert done.returncode == 1
    assert "driver too old" in done.stderr
