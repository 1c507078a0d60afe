"""`manage.py list_models`: what is imported, and what serves which project."""

from typing import Any

from apps.cases.models import Project
from apps.inference.management.command import ModelCommand
from apps.inference.models import ModelVersion
from apps.inference.selectors import calibration_in_force, champions_of


class Command(ModelCommand):
    """List the model versions."""

    help = "List the model versions and the projects they serve."

    def act(self, **_: Any) -> None:
        """Print a line a version."""
        codes = dict(Project.objects.values_list("pk", "code"))
        champions = champions_of(codes)
        for version in ModelVersion.objects.order_by("name", "created_at"):
            serves = sorted(codes[key] for key, model in champions.items() if model == version)
            calibration = calibration_in_force(version)
            words = [
                f"{version.name}:{version.version}",
                version.model_sha256[:12],
                "class maps" if version.has_class_maps else "no class maps",
                f"calibrated on {calibration.source_name}" if calibration else "not calibrated",
                f"serves {', '.join(serves)}" if serves else "serves nothing",
            ]
            self.stdout.write("  ".join(words))
