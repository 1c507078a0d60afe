"""`manage.py demo`: gives a fresh start something to read, once, through the product's own ways.

People, a project, the demo model, and synthetic studies through the ingest gate. A second call
finds all of it and changes nothing.
"""

import os
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.cases.compute.phantom_studies import STUDIES, demo_files
from apps.cases.models import Instance, Project, Role, User
from apps.cases.services.accounts import user_create
from apps.cases.services.ingest import ingest_file
from apps.cases.services.members import member_add
from apps.cases.services.projects import FindingDraft, project_create
from apps.errors import CoreadError
from apps.feedback.management.demo_round import demo_round
from apps.feedback.review.models import Phrase
from apps.feedback.review.services.phrases import phrase_add
from apps.inference.compute.folder import ModelFolder, read_model_folder
from apps.inference.models import ModelVersion
from apps.inference.selectors import champion_of
from apps.inference.services.models import HeadProbe, model_import, model_promote

PROJECT_CODE: Final = "chest"
DEMO_MODEL: Final = Path(__file__).resolve().parents[3] / "inference" / "demo_model"

FINDINGS: Final = (
    FindingDraft(
        code="nodule", name_en="Nodule", name_zh="结节", needs_roi=True, minimum_size_mm=3.0
    ),
    FindingDraft(code="effusion", name_en="Pleural effusion", name_zh="胸腔积液"),
    FindingDraft(code="pneumothorax", name_en="Pneumothorax", name_zh="气胸", is_urgent=True),
    FindingDraft(code="pneumonia", name_en="Pneumonia", name_zh="肺炎"),
    FindingDraft(code="cardiomegaly", name_en="Cardiomegaly", name_zh="心影增大"),
)


PHRASES: Final = (
    (
        Phrase.Section.FINDINGS,
        "Normal chest",
        "Lungs clear and fully expanded. Heart and mediastinum of normal size. No effusion.",
    ),
    (Phrase.Section.FINDINGS, "正常胸片", "双肺野清晰，心影大小形态正常，双侧肋膈角锐利。"),
    (Phrase.Section.IMPRESSION, "No acute finding", "No acute cardiopulmonary finding."),
    (Phrase.Section.IMPRESSION, "未见异常", "心肺膈未见明显异常。"),
)


@dataclass(frozen=True)
class Person:
    """A demo account: its name on the screen, and what it may do."""

    username: str
    display_name: str
    roles: tuple[Role, ...]
    language: User.Language = User.Language.ENGLISH

    @property
    def password(self) -> str:
        """Known to all, so only ever made on a machine that serves nobody else."""
        return f"coread-{self.username}"


PEOPLE: Final = (
    Person("radiologist", "Dr. Rada Demo", (Role.RADIOLOGIST,)),
    Person("annotator", "Dr. Anna Demo", (Role.ANNOTATOR,)),
    Person("annotator2", "演示 标注员", (Role.ANNOTATOR,), User.Language.CHINESE),
    Person("arbitrator", "Prof. Arno Demo", (Role.ARBITRATOR,)),
    Person("admin", "Ada Demo", (Role.ADMIN,)),
    Person("reader", "演示 阅片与管理", (Role.RADIOLOGIST, Role.ADMIN), User.Language.CHINESE),
)


class Command(BaseCommand):
    """Load the demo; print its logins."""

    help = "Load the demo: people, project, model and synthetic studies (embedded start only)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--workers", type=int, default=os.cpu_count() or 1, help="processes that make phantoms"
        )
        parser.add_argument("--no-round", action="store_true", help="nothing read blinded yet")

    def handle(self, *_: Any, workers: int, no_round: bool, **__: Any) -> None:
        """Make what is missing."""
        if settings.ENVIRONMENT.is_production:
            raise CommandError("The demo has known passwords: it is for the embedded start only.")
        try:
            project = _project()
            _members(project)
            _phrases(project)
            _champion(project)
            _studies(project, workers=workers)
        except CoreadError as error:
            raise CommandError(f"{error.code}: {error.message}") from error
        if not no_round:
            self._round(project)
        self.stdout.write("Demo logins (synthetic patients only):")
        for person in PEOPLE:
            self.stdout.write(f"  {person.username:<12} {person.password}")

    def _round(self, project: Project) -> None:
        try:
            demo_round(project)
        except CoreadError as error:
            # An older store whose demo people have come to know the cases since: it starts anyway.
            self.stdout.write(f"No demo round: {error.message}")


def _project() -> Project:
    project = Project.objects.filter(code=PROJECT_CODE).first()
    return project or project_create(
        PROJECT_CODE, name_en="Chest X-ray", name_zh="胸部X线", findings=FINDINGS
    )


def _members(project: Project) -> None:
    known = {user.username: user for user in User.objects.all()}
    for person in PEOPLE:
        user = known.get(person.username) or user_create(
            person.username,
            password=person.password,
            display_name=person.display_name,
            language=person.language,
        )
        for role in person.roles:
            member_add(project, user=user, role=role)


def _phrases(project: Project) -> None:
    """Give the project its first ready sentences."""
    if Phrase.objects.filter(project=project).exists():
        return
    admin = User.objects.get(username="admin")
    for section, title, text in PHRASES:
        phrase_add(project, author=admin, is_shared=True, section=section, title=title, text=text)


def _champion(project: Project) -> None:
    """Let the demo model serve a project that no model has ever served."""
    if champion_of(project) is not None:
        return
    folder = read_model_folder(DEMO_MODEL)
    version = ModelVersion.objects.filter(
        name=folder.spec.name, version=folder.spec.version
    ).first()
    if version is None:
        version = model_import(folder, probe=_probe(folder), actor=None).version
    model_promote(version, project=project, actor=None, reason="Demo model, as shipped")


def _probe(folder: ModelFolder) -> HeadProbe:
    # Only the first start needs torch, which takes seconds to import.
    from apps.inference.compute.predict import load_model

    model = load_model(folder.spec, folder.weights_path)
    error = model.head.probe_error if model.head else None
    return HeadProbe(has_class_maps=model.head is not None, error=error)


def _studies(project: Project, *, workers: int) -> None:
    """Import the phantoms that the project does not hold yet.

    Raises
    ------
    CommandError : the gate refused one of our own files
    """
    uids = [study.sop_instance_uid for study in STUDIES]
    stored = Instance.objects.filter(sop_instance_uid__in=uids, cases__project=project)
    held = set(stored.values_list("sop_instance_uid", flat=True))
    if held.issuperset(uids):
        return
    paths = demo_files(settings.ENVIRONMENT.var / "demo", workers=workers)
    for uid, path in zip(uids, paths, strict=True):
        if uid in held:
            continue
        verdict = ingest_file(path, project=project, uploaded_by=None, file_name=path.name)
        if verdict.result not in {"stored", "duplicate"}:
            raise CommandError(f"{path.name} was not stored: {verdict.result} {verdict.code}.")
