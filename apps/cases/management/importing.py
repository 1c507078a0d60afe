"""What do the import commands share? The project they fill, the tally they print, how they fail."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management import BaseCommand, CommandError

from apps.cases.models import Project
from apps.cases.selectors import verdict_message
from apps.cases.services.ingest import IngestResult
from apps.errors import StorageFull

DEFAULT_PROJECT = "chest"
PROGRESS_EVERY = 100


class ImportCommand(BaseCommand):
    """Takes a folder in, file by file; prints counts and reasons, and names only with `-v 2`.

    File names often hold patients' names, and the output of a supervised command ends in a log.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what both commands take."""
        parser.add_argument(
            "--project",
            default="",
            help=f"code of the project; default: the only one there is, or {DEFAULT_PROJECT!r}",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import, then say what became of the files."""
        self.verbosity: int = options["verbosity"]
        self.tally: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        project = self._project(options.pop("project"))
        try:
            self.act(project, **options)
        except StorageFull as error:
            raise CommandError(error.message) from error
        finally:
            self._report(project)

    def act(self, project: Project, **options: Any) -> None:
        """Take the files in; each command says how."""
        raise NotImplementedError

    def count(self, name: str, verdict: IngestResult) -> None:
        """Add a verdict to the tally."""
        self.tally[verdict.result] += 1
        reason = verdict_message(verdict.code, verdict.params) if verdict.code else ""
        if reason:
            self.reasons[reason] += 1
        if self.verbosity > 1:
            self.stdout.write(f"{verdict.result}: {name} {reason}".rstrip())
        elif self.tally.total() % PROGRESS_EVERY == 0:
            self.stdout.write(f"{self.tally.total()} files ...")

    def _project(self, code: str) -> Project:
        projects = Project.objects.filter(is_active=True)
        if not code and projects.count() == 1:
            return projects.get()
        project = projects.filter(code=code or DEFAULT_PROJECT).first()
        if project is None:
            codes = ", ".join(projects.order_by("code").values_list("code", flat=True)) or "none"
            raise CommandError(f"Name a project with --project. There are: {codes}.")
        return project

    def _report(self, project: Project) -> None:
        counts = ", ".join(f"{count} {result}" for result, count in self.tally.most_common())
        self.stdout.write(f"{project.code}: {counts or 'no files found'}.")
        for reason, count in self.reasons.most_common():
            self.stdout.write(f"  {count} × {reason}")
        if self.reasons:
            self.stdout.write("The project's inbox of failed files names each of them.")
