"""`manage.py make_demo_model`: makes the phantoms and trains the shipped demo model from them."""

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import torch
from django.conf import settings

from apps.inference.compute.demo_model import DEMO_SEED, DEMO_SPLIT, make_demo_model
from apps.inference.compute.phantom_dataset import phantom_dataset
from apps.inference.compute.train import Progress
from apps.inference.management.command import ModelCommand


class Command(ModelCommand):
    """Make the demo model; see docs/demo-model.md."""

    help = "Make the demo model again: phantoms, training, calibration, measured card."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("folder", type=Path, help="where the model folder is written")
        parser.add_argument("--seed", type=int, default=DEMO_SEED)
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="processes for the phantoms"
        )

        parser.add_argument(
            "--threads", type=int, default=2, help="of torch; another number gives other last bits"
        )

    def act(self, *, folder: Path, seed: int, workers: int, threads: int, **_: Any) -> None:
        """Make phantoms, train, calibrate, measure."""
        torch.set_num_threads(threads)
        phantoms = settings.ENVIRONMENT.var / "phantoms"
        manifest = phantom_dataset(phantoms, DEMO_SPLIT, workers=workers)
        card = make_demo_model(manifest, folder, seed=seed, report=self._report)
        self.stdout.write(json.dumps(card, indent=2))

    def _report(self, progress: Progress) -> None:
        self.stdout.write(
            f"epoch {progress.epoch}: label loss {progress.label_loss:.3f}, "
            f"evidence outside the regions {progress.region_loss:.3f}"
        )
