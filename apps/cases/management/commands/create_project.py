"""`manage.py create_project FILE.json`: makes a project with its label schema and reading policy.

    {"code": "chest", "name_en": "Chest", "name_zh": "胸部",
     "auto_classify": true, "ai_display": "from_start",
     "findings": [{"code": "nodule", "name_en": "Nodule", "name_zh": "结节", "kind": "binary",
                   "grades": [], "needs_roi": true, "minimum_size_mm": 3.0, "is_urgent": false}]}

`code`, both names and `findings` must be there, of a finding its code and both names. `ai_display`
is from_start, on_request or after_first_impression; `kind` is binary or graded.
"""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

import orjson
from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError
from django.db import IntegrityError, transaction

from apps.cases.models import Finding, Project, ReadingPolicy
from apps.cases.services.projects import FindingDraft, project_create


class Command(BaseCommand):
    """Make a project, or say what is wrong with its file."""

    help = __doc__

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        """Keep the line breaks of the help."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **kwargs
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, check, write: all of it or nothing."""
        try:
            with transaction.atomic():
                project = _create(orjson.loads(options["file"].read_bytes()))
        except OSError as error:
            raise CommandError(f"The file cannot be opened: {error.strerror}.") from error
        except orjson.JSONDecodeError as error:
            raise CommandError(f"The file is not JSON: {error}.") from error
        except (KeyError, TypeError, ValueError) as error:
            raise CommandError(f"The file does not describe a project: {error}.") from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except IntegrityError as error:
            raise CommandError("The project or one of its findings exists already.") from error
        self.stdout.write(f"Project {project.code}: {project.findings.count()} findings.")


def _create(facts: dict[str, Any]) -> Project:
    findings = [
        FindingDraft(**{**row, "kind": Finding.Kind(row.get("kind", Finding.Kind.BINARY))})
        for row in facts["findings"]
    ]
    project = project_create(
        facts["code"],
        name_en=facts["name_en"],
        name_zh=facts["name_zh"],
        findings=findings,
        auto_classify=bool(facts.get("auto_classify", True)),
        ai_display=ReadingPolicy.AiDisplay(facts.get("ai_display", "from_start")),
    )
    for row in (project, *project.findings.all()):
        row.clean_fields()
    return project
