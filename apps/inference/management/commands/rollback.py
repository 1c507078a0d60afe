"""`manage.py rollback`: lets the model version that served before serve again."""

from argparse import ArgumentParser
from typing import Any

from apps.inference.management.command import ModelCommand, project_named
from apps.inference.services.models import model_rollback


class Command(ModelCommand):
    """Undo the last promotion of a project."""

    help = "Let the model version that served before serve again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--project", default="", help="code; not needed where there is one")
        parser.add_argument("--reason", default="", help="kept in the log")

    def act(self, *, project: str, reason: str, **_: Any) -> None:
        """Roll back, or refuse and change nothing."""
        chosen = project_named(project)
        deployment = model_rollback(chosen, actor=None, reason=reason)
        self.stdout.write(f"{deployment.model_version} serves {chosen.code} again")
