"""`manage.py import_model`: takes a model folder in, after its network was built and probed."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from apps.inference.compute.folder import (
    ModelFolder,
    check_weights,
    read_model_folder,
    read_spec_json,
)
from apps.inference.compute.predict import load_model
from apps.inference.compute.spec import ModelSpec
from apps.inference.management.command import ModelCommand
from apps.inference.services.models import HeadProbe, model_import

SPECS: Final = Path(__file__).resolve().parents[2] / "specs"


class Command(ModelCommand):
    """Import a model folder, or a bare weights file with a spec."""

    help = "Import a model: a folder with spec.json and weights, or a .safetensors file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("path", type=Path, help="folder, or .safetensors file")
        parser.add_argument(
            "--spec", type=Path, help="spec of a bare file; default: ours of the same name"
        )

    def act(self, *, path: Path, spec: Path | None, **_: Any) -> None:
        """Check, build, probe, store."""
        folder = read_model_folder(path) if path.is_dir() else _bare_weights(path, spec)
        model = load_model(folder.spec, folder.weights_path)
        error = model.head.probe_error if model.head else None
        probe = HeadProbe(has_class_maps=model.head is not None, error=error)
        imported = model_import(folder, probe=probe, actor=None)
        maps = f"class maps (probe error {error:.1e})" if model.head else "no class maps"
        state = "imported" if imported.is_new else "was imported before"
        self.stdout.write(f"{imported.version}: {state}, {maps}")


def _bare_weights(path: Path, spec_path: Path | None) -> ModelFolder:
    spec = ModelSpec.from_json(read_spec_json(spec_path or SPECS / f"{path.stem}.json"))
    return ModelFolder(spec, path, check_weights(path, sha256=spec.weights.sha256))
