"""Is the store ready for this release? Run before anything serves; changes nothing that is ready.

One process for all of it: loading Django several times is what a second start would wait for.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Bring the database up to date and, where asked, load the demo."""

    help = "Bring the database up to date; with --demo, load the demo too."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo",
            choices=["all", "studies"],
            help="load people and synthetic studies, and with `all` a round that is being read",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("createcachetable", verbosity=0)
        if options["demo"]:
            call_command("demo", no_round=options["demo"] == "studies", stdout=self.stdout)
