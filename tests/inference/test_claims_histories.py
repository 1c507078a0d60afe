"""Any history of claims, answers, failures, lost workers and growth keeps the queue's promises."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.cases.models import Case
from apps.inference.models import CasePrediction, Prediction
from apps.inference.services.claims import (
    ClaimedBatch,
    FrameFailure,
    claim_batch,
    leases_expire,
    predictions_fail,
    predictions_store,
)
from apps.inference.services.predictions import case_predictions_request
from tests.factories import CaseInstanceFactory, InstanceFactory
from tests.inference.waiting import BULK, ids_of, results_of, served_project, waiting_case

pytestmark = pytest.mark.django_db

State = Prediction.State
FAULT = FrameFailure("compute_failed", {})
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "store", "fail", "lose", "grow", "ask"]), st.integers(0, 9)
    ),
    max_size=20,
)


class History:
    """The queue, and the batches that were ever claimed: the late ones answer too."""

    def __init__(self) -> None:
        project = served_project()
        self.cases = [waiting_case(project, images=2), waiting_case(project, images=1)]
        self.batches: list[ClaimedBatch] = []
        self.answered: Counter[object] = Counter()

    def step(self, name: str, number: int) -> None:
        if name == "claim":
            batch = claim_batch(1 + number % 3)
            self.batches += [batch] if batch else []
        elif name == "lose":
            Prediction.objects.filter(state=State.CLAIMED).update(
                lease_until=F("lease_until") - timedelta(hours=1)
            )
            leases_expire()
        elif name == "grow":
            self.grow(self.cases[number % 2])
        elif name == "ask":
            case_predictions_request([case.pk for case in self.cases], lane=BULK)
        elif self.batches:
            self.answer(self.batches[number % len(self.batches)], is_fault=name == "fail")

    def grow(self, case: Case) -> None:
        series = case.instances.first().series
        CaseInstanceFactory(case=case, instance=InstanceFactory(series=series))
        case_predictions_request([case.pk], lane=BULK)

    def answer(self, batch: ClaimedBatch, *, is_fault: bool) -> None:
        """Answer with a batch's token; only images whose claim stands may change."""
        before = {row.pk: row for row in Prediction.objects.all()}
        if is_fault:
            predictions_fail(batch, dict.fromkeys(ids_of(batch), FAULT))
        else:
            stored = predictions_store(batch, results_of(batch))
            self.answered.update(stored)
            assert stored == {key for key in ids_of(batch) if stands(before[key], batch)}
        for row in Prediction.objects.all():
            if row.pk not in ids_of(batch) or not stands(before[row.pk], batch):
                assert facts(row) == facts(before[row.pk])

    def check(self) -> None:
        """What holds after every step."""
        open_states = [State.QUEUED, State.CLAIMED]
        for case in CasePrediction.objects.all():
            rows = list(case.predictions.all())
            assert case.pending == sum(row.state in open_states for row in rows)
            assert (case.state == "waiting") == (case.pending > 0)
            if case.state == "failed":
                assert any(row.state == State.QUARANTINED for row in rows)
        for row in Prediction.objects.all():
            assert row.attempts <= 3
            assert (row.claim_token is not None) == (row.state == State.CLAIMED)
            assert (row.state == State.DONE) == (self.answered[row.pk] == 1)
            if row.state == State.QUARANTINED:
                assert row.attempts == 3
        assert max(self.answered.values(), default=0) <= 1


def stands(row: Prediction, batch: ClaimedBatch) -> bool:
    return row.state == State.CLAIMED and row.claim_token == batch.token


def facts(row: Prediction) -> tuple[object, ...]:
    return (row.state, row.claim_token, row.attempts, row.logits, row.completed_at)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def test_no_history_loses_doubles_or_revives_an_answer(steps: list[tuple[str, int]]) -> None:
    with transaction.atomic():
        history = History()
        for name, number in steps:
            history.step(name, number)
            history.check()
        transaction.set_rollback(True)
