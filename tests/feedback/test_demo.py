"""The demo: all through the product's own ways, once; never where its passwords are a door."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cases.compute.phantom import make_phantom, sample_parameters
from apps.cases.compute.phantom_dicom import write_phantom
from apps.cases.compute.phantom_studies import STUDIES, study_facts
from apps.cases.models import AuditEvent, Case, Finding, Membership, Project, Role, User
from apps.feedback.management.commands import demo
from apps.inference.compute.folder import read_model_folder
from apps.inference.models import CasePrediction, Deployment
from apps.inference.selectors import champion_of

# One normal chest, one with a finding, the one whose view the model does not cover.
FEW = (STUDIES[2], STUDIES[0], STUDIES[22])


@pytest.fixture
def few_small_studies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three studies of 64 pixels, made in this process."""

    def files(folder: Path, *, workers: int) -> list[Path]:
        assert workers >= 1
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for study in FEW:
            paths.append(folder / f"small-{study.seed}.dcm")
            parameters = sample_parameters(study.seed, findings=study.findings)
            write_phantom(paths[-1], make_phantom(parameters, size=64), study_facts(study))
        return paths

    monkeypatch.setattr(demo, "STUDIES", FEW)
    monkeypatch.setattr(demo, "demo_files", files)


@pytest.fixture
def demo_var(settings: object, tmp_path: Path) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, var=tmp_path)  # type: ignore[attr-defined]


@pytest.mark.full
@pytest.mark.django_db
def test_demo_loads_once_and_a_second_call_changes_nothing(
    few_small_studies: None, demo_var: None, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("demo", workers=1)
    project = Project.objects.get(code="chest")
    assert Case.objects.filter(project=project).count() == 3
    assert Finding.objects.get(project=project, code="nodule").minimum_size_mm == 3.0
    assert list(project.findings.filter(is_urgent=True).values_list("code", flat=True)) == [
        "pneumothorax"
    ]
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role)
    champion = champion_of(project)
    assert champion is not None
    assert champion.has_class_maps
    assert CasePrediction.objects.filter(case__project=project).count() == 3
    assert "coread-radiologist" in capsys.readouterr().out
    assert authenticate(username="radiologist", password="coread-radiologist") is not None

    before = [m.objects.count() for m in (User, AuditEvent, Case, CasePrediction, Deployment)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        call_command("demo", workers=1)
    after = [m.objects.count() for m in (User, AuditEvent, Case, CasePrediction, Deployment)]
    assert after == before
    assert not [q for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.django_db
def test_demo_is_refused_in_production(settings: object) -> None:
    settings.ENVIRONMENT = replace(  # type: ignore[attr-defined]
        settings.ENVIRONMENT,  # type: ignore[attr-defined]
        is_production=True,
    )
    with pytest.raises(CommandError, match="known passwords"):
        call_command("demo")
    assert User.objects.count() == 0


def test_list_of_studies_loads_neither_scipy_nor_pydicom() -> None:
    # They cost the second start, which only looks whether the studies are there, a second.
    listed = "from apps.cases.compute.phantom_studies import STUDIES; STUDIES[0].sop_instance_uid"
    loaded = "import sys; print({'numpy', 'scipy', 'pydicom'} & set(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", f"{listed}; {loaded}"], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "set()"


def test_shipped_model_abstains_from_the_study_marked_lateral() -> None:
    spec = read_model_folder(demo.DEMO_MODEL).spec
    views = {study.view: study for study in STUDIES}
    for view in views:
        refusal = spec.applicability.refusal(modality="DX", body_part="CHEST", view=view)
        assert (refusal is not None) == (view == "LL")


def test_shipped_card_accounts_for_every_finding_of_the_project() -> None:
    folder = read_model_folder(demo.DEMO_MODEL)
    card = json.loads((demo.DEMO_MODEL / "card.json").read_text(encoding="utf-8"))
    assert card["weights_sha256"] == folder.weights_sha256
    assert card["model"] == f"{folder.spec.name} {folder.spec.version}"
    assert set(card["findings"]) == {draft.code for draft in demo.FINDINGS}
    for code, measured in card["findings"].items():
        is_seen = measured["validation_auroc"] >= card["minimum_validation_auroc"]
        assert is_seen == (code in folder.spec.finding_outputs) == (not measured["is_left_out"])
