"""`manage.py promote`: lets a model version serve a project from now on."""

from argparse import ArgumentParser
from typing import Any

from apps.inference.management.command import ModelCommand, model_named, project_named
from apps.inference.services.models import model_promote


class Command(ModelCommand):
    """Promote a model version."""

    help = "Let a model version serve a project."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("model", help="NAME or NAME:VERSION; NAME alone is its newest version")
        parser.add_argument("--project", default="", help="code; not needed where there is one")
        parser.add_argument("--reason", default="", help="kept in the log")

    def act(self, *, model: str, project: str, reason: str, **_: Any) -> None:
        """Promote it, or refuse and change nothing."""
        version, chosen = model_named(model), project_named(project)
        model_promote(version, project=chosen, actor=None, reason=reason)
        self.stdout.write(f"{version} now serves {chosen.code}")
