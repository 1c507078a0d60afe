"""`manage.py add_member PROJECT USERNAME ROLE [ROLE ...]`: gives a person roles in a project.

A new account is made on the way; its password is asked for, or read from the standard input with
`--password-stdin` (never from the command line, which other users of the machine can see).
"""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import transaction

from apps.cases.models import Project, Role, User
from apps.cases.services.accounts import user_create
from apps.cases.services.members import member_add
from apps.errors import Invalid


class Command(BaseCommand):
    """Add a member, and their account where there is none."""

    help = "Give a person roles in a project; a new account is made on the way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("project", help="code of the project")
        parser.add_argument("username")
        parser.add_argument("roles", nargs="+", choices=Role.values, metavar="role")
        parser.add_argument("--display-name", default="")
        parser.add_argument(
            "--language", choices=User.Language.values, default=User.Language.ENGLISH
        )
        parser.add_argument("--password-stdin", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add, and say what the person may do now."""
        project = Project.objects.filter(code=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project {options['project']!r}.")
        with transaction.atomic():
            user = User.objects.filter(username=options["username"]).first() or _new_user(options)
            for role in options["roles"]:
                member_add(project, user=user, role=Role(role))
        held = user.memberships.filter(project=project).order_by("role")
        roles = ", ".join(held.values_list("role", flat=True))
        self.stdout.write(f"{user.username} in {project.code}: {roles}.")


def _new_user(options: dict[str, Any]) -> User:
    if options["password_stdin"]:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = getpass.getpass("Password of the new account: ")
        if getpass.getpass("The same again: ") != password:
            raise CommandError("The two passwords differ.")
    try:
        return user_create(
            options["username"],
            password=password,
            display_name=options["display_name"],
            language=User.Language(options["language"]),
        )
    except Invalid as error:
        reasons = [word for words in error.fields.values() for word in words]
        raise CommandError(" ".join([error.message, *reasons])) from error
