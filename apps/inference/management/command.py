"""What the model commands share: readable refusals, and naming a model or a project."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.cases.models import Project
from apps.errors import CoreadError
from apps.inference.models import ModelVersion


class ModelCommand(BaseCommand):
    """A command whose domain errors are one readable line with their stable code."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, and turn a refusal into exit code 1."""
        try:
            self.act(**options)
        except CoreadError as error:
            raise CommandError(f"{error.code}: {error.message}") from error

    def act(self, *args: Any, **options: Any) -> None:
        """Do what the command is for."""
        raise NotImplementedError


def model_named(text: str) -> ModelVersion:
    """Find NAME:VERSION, or the newest version of NAME.

    Raises
    ------
    CommandError : there is none
    """
    name, _, version = text.partition(":")
    versions = ModelVersion.objects.filter(name=name).order_by("-created_at")
    found = versions.filter(version=version).first() if version else versions.first()
    if found is None:
        raise CommandError(f"No model {text}: see `list_models`.")
    return found


def project_named(code: str) -> Project:
    """Find a project by its code; "" means the only one there is.

    Raises
    ------
    CommandError : there is none, or several and no code
    """
    projects = Project.objects.filter(is_active=True).order_by("code")
    chosen = list(projects.filter(code=code) if code else projects)
    if len(chosen) != 1:
        codes = ", ".join(projects.values_list("code", flat=True)) or "none"
        raise CommandError(f"Name one project with --project; there are: {codes}.")
    return chosen[0]
