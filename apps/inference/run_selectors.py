"""Questions about training runs: how far each is, what it made, and how good that is."""

from typing import Any

from django.db.models import QuerySet

from apps.cases.models import Project
from apps.inference.models import Evaluation, ModelVersion, TrainingRun
from apps.inference.reasons import sentence

Facts = dict[str, Any]

TEST_PART = "test"


def runs_of(project: Project) -> QuerySet[TrainingRun]:
    """Select a project's runs, the latest first."""
    return (
        TrainingRun.objects.filter(project=project)
        .select_related("parent", "candidate", "champion", "requested_by")
        .order_by("-created_at", "pk")
    )


def run_facts(run: TrainingRun) -> Facts:
    """Describe a run as a row of the list."""
    person = run.requested_by
    return {
        "id": run.pk,
        "number": run.number,
        "state": run.state,
        "is_cancelling": run.cancel_requested_at is not None and run.completed_at is None,
        "snapshot_id": run.snapshot_id,
        "manifest_sha256": run.manifest_sha256,
        "parent": _model(run.parent),
        "candidate": _model(run.candidate),
        "config": run.config,
        "seed": run.seed,
        "progress": {
            "stage": "",
            "epoch": 0,
            "epochs": run.config["epochs"],
            "images_done": 0,
            "images_total": 0,
            **run.progress,
        },
        "attempts": run.attempts,
        "reason_code": run.reason_code,
        "reason_params": run.reason_params,
        "message": sentence(run.reason_code, run.reason_params),
        "requested_by": (person.display_name or person.username) if person else "",
        "created_at": run.created_at,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
    }


def run_detail(run: TrainingRun) -> Facts:
    """Describe one run with its curves, and candidate and champion side by side."""
    evaluations = {
        row.model_version_id: row for row in Evaluation.objects.filter(run=run, part=TEST_PART)
    }
    return {
        **run_facts(run),
        "champion": _model(run.champion),
        "curves": run.curves,
        "evaluation": {
            "part": TEST_PART,
            "candidate": _evaluation(evaluations.get(run.candidate_id)),
            "champion": _evaluation(evaluations.get(run.champion_id)),
            "comparison": _named(run.comparison),
        },
        "thread_count": run.thread_count,
        "hardware": run.hardware,
    }


def _evaluation(row: Evaluation | None) -> Facts | None:
    if row is None:
        return None
    return {
        "temperature": row.temperature,
        "findings": _named(row.metrics),
        "created_at": row.created_at,
    }


def _named(findings: dict[str, Facts]) -> list[Facts]:
    return [{"finding": code, **facts} for code, facts in findings.items()]


def _model(version: ModelVersion | None) -> Facts | None:
    if version is None:
        return None
    return {
        "id": version.pk,
        "name": version.name,
        "version": version.version,
        "hash": version.model_sha256,
    }
