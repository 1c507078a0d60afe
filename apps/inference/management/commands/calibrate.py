"""`manage.py calibrate`: fits a model's temperature and map scales on a named validation set."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from apps import blobs
from apps.errors import Conflict
from apps.inference.compute.predict import LoadedModel, load_model
from apps.inference.compute.spec import ModelSpec
from apps.inference.compute.validation import (
    calibration_metrics,
    fitted_temperature,
    read_validation_csv,
    validate,
)
from apps.inference.management.command import ModelCommand, model_named
from apps.inference.models import ModelVersion
from apps.inference.services.models import FittedCalibration, calibration_record


class Command(ModelCommand):
    """Calibrate a model version."""

    help = "Fit the temperature of a model version on a CSV with the columns file and label."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("model", help="NAME or NAME:VERSION")
        parser.add_argument("csv", type=Path, help="columns: file, label; also case, split")
        parser.add_argument("--images", type=Path, help="folder of the files; default: the CSV's")
        parser.add_argument("--split", default="", help="only lines with this `split`")

    def act(self, *, model: str, csv: Path, images: Path | None, split: str, **_: Any) -> None:
        """Classify the set, fit, store."""
        version = model_named(model)
        spec = ModelSpec.from_json(version.spec)
        files = read_validation_csv(csv, spec, root=images or csv.parent, split=split)
        validation = validate(_loaded(version, spec), files)
        temperature = fitted_temperature(spec, validation)
        before = calibration_metrics(spec, validation, temperature=1.0)
        after = calibration_metrics(spec, validation, temperature=temperature)
        fitted = FittedCalibration(
            temperature=temperature,
            evidence_scale=validation.evidence_scale,
            source_name=f"{csv.parent.name}/{csv.name}" + (f" ({split})" if split else ""),
            source_sha256=blobs.sha256_of(csv),
            sample_count=len(files),
            metrics={"uncalibrated": before, "calibrated": after},
        )
        calibration_record(version, fitted=fitted, actor=None)
        self.stdout.write(f"{version}: temperature {temperature:.3f} from {len(files)} files")
        for finding, figures in after.items():
            was = before[finding]["calibration_error"]
            self.stdout.write(
                f"  {finding}: AUROC {figures['auroc']}, calibration error "
                f"{was:.4f} -> {figures['calibration_error']:.4f}"
            )


def _loaded(version: ModelVersion, spec: ModelSpec) -> LoadedModel:
    with blobs.local_file(version.weights_sha256) as path:
        if blobs.sha256_of(path) != version.weights_sha256:
            raise Conflict(
                "The weights have changed: import the model again.", code="weights_damaged"
            )
        return load_model(spec, path)
