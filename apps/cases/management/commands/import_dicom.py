"""`manage.py import_dicom FOLDER [--project CODE]`: takes a folder in, as uploads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError

from apps.cases.management.importing import ImportCommand
from apps.cases.models import Project
from apps.cases.services.ingest import ingest_file


class Command(ImportCommand):
    """Import DICOM files; a second run stores nothing twice."""

    help = "Import the DICOM files of a folder and of the folders in it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        super().add_arguments(parser)
        parser.add_argument("folder", type=Path)

    def act(self, project: Project, **options: Any) -> None:
        """Walk the folder in a fixed order; links and hidden files are left out."""
        folder: Path = options["folder"]
        if not folder.is_dir():
            raise CommandError(f"{folder} is not a folder.")
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not path.is_file() or path.name.startswith("."):
                continue
            verdict = ingest_file(path, project=project, uploaded_by=None, file_name=path.name)
            self.count(str(path.relative_to(folder)), verdict)
