"""Walks the chain of audit events and says whether any was changed, removed or moved."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from apps.cases.services.audit import audit_seal, audit_verify


class Command(BaseCommand):
    """`manage.py verify_audit [--anchor SHA256]`."""

    help = "Check the chain of audit events; keep the printed last link outside of the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a link that was noted earlier."""
        parser.add_argument(
            "--anchor", default="", help="a last link noted earlier: it must still be in the chain"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Seal what waits, then check."""
        audit_seal()
        verdict = audit_verify(anchor_sha256=options["anchor"])
        if verdict.broken_at is not None:
            raise CommandError(f"The audit chain is broken at number {verdict.broken_at}.")
        self.stdout.write(f"{verdict.sealed} events sealed, the chain is whole.")
        self.stdout.write(f"Last link: {verdict.head_sha256}")
