"""Which phantoms does the demo model learn from, and where do they lie? Small DICOM phantoms in a
folder with a manifest, so that training reads them through the product's own decoding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from apps.cases.compute.phantom import make_phantom, sample_parameters
from apps.cases.compute.phantom_dicom import mask_polygons, write_phantom
from apps.cases.compute.phantom_facts import StudyFacts
from apps.cases.compute.phantom_findings import FINDING_CODES
from apps.inference.compute.manifest import Example, write_manifest

TRAINING_SIZE = 384
MANIFEST_NAME = "manifest.jsonl"
RECIPE_VERSION = 1


@dataclass(frozen=True)
class PhantomSplit:
    """How many phantoms of each part, and the seed of the first.

    Parameters
    ----------
    train, validation, test : int, numbers of phantoms; every phantom is another patient
    first_seed : int; training, validation and test follow one another without overlap
    """

    train: int
    validation: int
    test: int
    first_seed: int

    def seeds(self) -> Iterator[tuple[int, str]]:
        """(seed, part) of every phantom."""
        seed = self.first_seed
        for count, part in (
            (self.train, "train"),
            (self.validation, "validation"),
            (self.test, "test"),
        ):
            for _ in range(count):
                yield seed, part
                seed += 1


def phantom_dataset(folder: Path, split: PhantomSplit, *, workers: int = 1) -> Path:
    """Make the phantoms that are not there yet, and the manifest.

    Parameters
    ----------
    folder : Path, created; files from an earlier, equal call are kept
    split : PhantomSplit
    workers : int, processes

    Returns
    -------
    Path of the manifest
    """
    folder.mkdir(parents=True, exist_ok=True)
    tasks = [(folder, seed, part) for seed, part in split.seeds()]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        examples = list(pool.map(_example, tasks, chunksize=16))
    manifest = folder / MANIFEST_NAME
    write_manifest(manifest, examples)
    return manifest


def _example(task: tuple[Path, int, str]) -> Example:
    folder, seed, part = task
    image = folder / f"{RECIPE_VERSION}-{seed:07d}.dcm"
    truth = image.with_suffix(".json")
    if not truth.exists():
        phantom = make_phantom(sample_parameters(seed), size=TRAINING_SIZE)
        write_phantom(image, phantom, _anonymous_facts(seed, phantom.parameters.body.view))
        rois = {code: mask_polygons(mask) for code, mask in sorted(phantom.masks.items())}
        truth.write_text(json.dumps(rois), encoding="utf-8")
    rois = json.loads(truth.read_text(encoding="utf-8"))
    labels = {code: code in rois for code in FINDING_CODES}
    return Example(path=image, frame_number=1, part=part, labels=labels, rois=rois)


def _anonymous_facts(seed: int, view: str) -> StudyFacts:
    return StudyFacts(
        patient_id=f"DEMO-TRAIN-{seed}",
        patient_name="Phantom^Training",
        character_set=("ISO_IR 192",),
        sex="O",
        birth_date="19700101",
        study_date="20250101",
        study_time="120000",
        accession_number=f"TRAIN{seed}",
        indication="",
        study_description="Synthetic chest phantom",
        view=view,
    )
