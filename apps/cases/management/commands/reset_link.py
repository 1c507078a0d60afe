"""Makes a link with which a person sets a new password, for when no admin may or can."""

from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError

from apps.cases.models import User
from apps.cases.services.password_resets import password_reset_create
from apps.errors import Conflict


class Command(BaseCommand):
    """`manage.py reset_link USERNAME`."""

    help = "Print a link with which a person sets a new password once, within a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("username")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the link; links made before stop working."""
        user = User.objects.filter(username__iexact=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no account {options['username']!r}.")
        try:
            reset, token = password_reset_create(user, actor=None)
        except Conflict as error:
            raise CommandError(error.message) from error
        self.stdout.write(
            f"For {user.username}, once, until {reset.expires_at:%Y-%m-%d %H:%M} UTC."
        )
        self.stdout.write("Put the address of this Coread before it, and hand it over in person:")
        self.stdout.write(f"/reset#{token}")
