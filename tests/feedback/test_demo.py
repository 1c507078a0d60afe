"""The demo: all through the product's own ways, once; never where its passwords are a door."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.cases.compute.phantom import make_phantom, sample_parameters
from apps.cases.compute.phantom_dicom import write_phantom
from apps.cases.compute.phantom_studies import STUDIES, study_facts
from apps.cases.models import AuditEvent, Case, Finding, Membership, Project, Role, User
from apps.feedback.labeling.models.rounds import (
    Arbitration,
    Comparison,
    Read,
    ReadingRound,
    ReadQuestion,
    RoundCase,
)
from apps.feedback.labeling.services.offers import next_offer
from apps.feedback.management.commands import demo
from apps.feedback.management.demo_round import NODULES, SEEDS
from apps.inference.compute.folder import read_model_folder
from apps.inference.models import CasePrediction, Deployment
from apps.inference.selectors import champion_of
from tests.factories import CaseFactory, MembershipFactory

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


@pytest.fixture
def demo_project(monkeypatch: pytest.MonkeyPatch) -> Project:
    """The demo's people and the studies of its round; without model, files and round."""
    monkeypatch.setattr(demo, "_champion", lambda *_: None)
    monkeypatch.setattr(demo, "_studies", lambda *_, **__: None)
    call_command("demo", workers=1, no_round=True)
    project = Project.objects.get(code="chest")
    for study in STUDIES:
        if study.seed in SEEDS:
            CaseFactory(
                project=project,
                instance__sop_instance_uid=study.sop_instance_uid,
                instance__rows=1000,
                instance__columns=900,
            )
    return project


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
def test_demo_begins_with_a_round_in_which_everybody_has_something_to_do(
    demo_project: Project,
) -> None:
    assert not ReadingRound.objects.exists()
    call_command("demo", workers=1)
    made = ReadingRound.objects.get(project=demo_project)
    assert made.state == ReadingRound.State.OPEN
    assert made.cases.count() == len(SEEDS)
    locked = Read.objects.filter(state=Read.State.FINAL)
    assert locked.filter(reader__username="annotator2").count() == 8
    assert locked.filter(reader__username="annotator").count() == 4
    assert ReadQuestion.objects.filter(read__reader__username="annotator").count() == 1

    # Exactly one disagreement, and a seat for it; what both read alike is sealed.
    compared = Comparison.objects.all()
    assert compared.filter(needs_arbitration=True).count() == 1
    assert compared.count() >= 2
    assert made.cases.filter(state=RoundCase.State.SEALED).count() == compared.count() - 1
    arbitrator = User.objects.get(username="arbitrator")
    offer = next_offer(made.members.get(user=arbitrator))
    seat = Arbitration.objects.get(pk=offer.arbitration_id)
    assert seat.round_case.comparison.needs_arbitration

    for username in ("annotator", "annotator2"):
        user = User.objects.get(username=username)
        read = Read.objects.get(pk=next_offer(made.members.get(user=user)).read_id)
        assert read.state == Read.State.OFFERED
        assert not locked.filter(reader=user, case=read.case_id).exists()


@pytest.mark.django_db
def test_a_second_demo_leaves_the_round_as_it_is(demo_project: Project) -> None:
    call_command("demo", workers=1)
    with CaptureQueriesContext(connection) as queries:
        call_command("demo", workers=1)
    assert not [q for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [q for q in queries if "feedback_readinground" in q["sql"]] != []
    assert ReadingRound.objects.count() == 1


@pytest.mark.django_db
def test_demo_starts_without_a_round_where_its_annotator_has_seen_ai_output(
    demo_project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    annotator = User.objects.get(username="annotator")
    MembershipFactory(user=annotator, project=demo_project, role=Role.RADIOLOGIST)
    call_command("demo", workers=1)
    said = capsys.readouterr().out
    assert "No demo round: The round cannot begin yet." in said
    assert "coread-radiologist" in said
    assert not ReadingRound.objects.exists()
    assert not Read.objects.exists()
    assert not AuditEvent.objects.filter(action__startswith="round.").exists()


@pytest.mark.full
def test_table_of_nodules_says_where_the_phantoms_have_them() -> None:
    size = 128
    of_round = [study for study in STUDIES if study.seed in SEEDS]
    assert {study.seed for study in of_round if "nodule" in study.findings} == set(NODULES)
    for study in of_round:
        if study.seed not in NODULES:
            continue
        parameters = sample_parameters(
            study.seed, findings=study.findings, view=study.view, sex=study.sex
        )
        rows, columns = np.nonzero(make_phantom(parameters, size=size).masks["nodule"])
        found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        # a mask of this size tells a border to a pixel, 0.008 of the image
        assert np.allclose(np.array(found) / size, NODULES[study.seed], atol=0.012), study.seed


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
