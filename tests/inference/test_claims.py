"""The queue in rows: what is claimed, whose answer counts, and what becomes of failures."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from apps.errors import Invalid
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
from tests.factories import (
    CalibrationFactory,
    CaseInstanceFactory,
    InstanceFactory,
)
from tests.inference.waiting import (
    BULK,
    INTERACTIVE,
    ids_of,
    result_of,
    results_of,
    served_project,
    waiting_case,
)

State = Prediction.State
FAULT = FrameFailure("compute_failed", {})


def expire_leases() -> None:
    """Let the leases end now instead of waiting for them."""
    Prediction.objects.filter(state=State.CLAIMED).update(
        lease_until=F("lease_until") - timedelta(hours=1)
    )


def claimed(limit: int = 16) -> ClaimedBatch:
    batch = claim_batch(limit)
    assert batch is not None
    return batch


@pytest.mark.django_db
def test_nothing_waits_nothing_is_claimed() -> None:
    assert claim_batch(16) is None


@pytest.mark.django_db
def test_interactive_images_are_claimed_before_older_bulk_images() -> None:
    project = served_project()
    waiting_case(project, images=3, lane=BULK)
    urgent = waiting_case(project, images=2, lane=INTERACTIVE)
    first = claimed(2)
    assert set(ids_of(first)) == set(
        Prediction.objects.filter(case_prediction__case=urgent).values_list("pk", flat=True)
    )
    assert len(ids_of(claimed())) == 3
    assert claim_batch(16) is None


@pytest.mark.django_db
def test_a_batch_has_images_of_one_model_and_one_calibration_only() -> None:
    first, second = served_project(), served_project()
    waiting_case(first)
    waiting_case(second)
    waiting_case(first)
    version = Prediction.objects.order_by("created_at").first().model_version  # type: ignore[union-attr]
    CalibrationFactory(model_version=version, temperature=2.0)
    waiting_case(first)
    batches = [claimed() for _ in range(3)]
    assert [len(batch.frames) for batch in batches] == [2, 1, 1]
    assert [batch.model.temperature for batch in batches] == [1.0, 1.0, 2.0]
    assert batches[0].model.model_sha256 == batches[2].model.model_sha256
    assert batches[1].model.model_sha256 != batches[0].model.model_sha256


@pytest.mark.django_db
def test_a_claim_counts_the_attempt_and_leases_by_the_database_clock() -> None:
    waiting_case(served_project())
    key = ids_of(claim_batch(1, lease_s=120.0))[0]
    row = Prediction.objects.get(pk=key)
    assert (row.state, row.attempts) == (State.CLAIMED, 1)
    assert row.lease_until is not None
    assert abs((row.lease_until - timezone.now()).total_seconds() - 120.0) < 30.0


@pytest.mark.django_db
def test_a_result_is_stored_once_and_gathers_the_case() -> None:
    case = waiting_case(served_project(), images=2)
    batch = claimed()
    results = [
        result_of(batch.frames[0].prediction_id, probability=0.2),
        result_of(batch.frames[1].prediction_id, probability=0.75),
    ]
    assert predictions_store(batch, results) == set(ids_of(batch))
    gathered = CasePrediction.objects.get(case=case)
    assert (gathered.state, gathered.pending) == ("done", 0)
    assert gathered.probabilities == {"pneumonia": pytest.approx(0.75)}  # the maximum of the images
    assert gathered.urgency == pytest.approx(0.75)
    assert gathered.top_finding == "pneumonia"
    # 1 - |0.75 - 0.5| / max(0.5, 0.5)
    assert gathered.uncertainty == pytest.approx(0.5)
    assert gathered.completed_at is not None
    row = Prediction.objects.get(pk=results[1].prediction_id)
    assert bytes(row.maps or b"") == b"\x00\xbc\x00\x3c"
    assert (row.model_sha256, row.claim_token) == (row.model_version.model_sha256, None)

    again = [result_of(result.prediction_id, probability=0.99) for result in results]
    assert predictions_store(batch, again) == set()
    assert Prediction.objects.get(pk=results[1].prediction_id).probabilities[1] == 0.75
    assert CasePrediction.objects.get(case=case).pending == 0


@pytest.mark.django_db
def test_a_case_waits_until_its_last_image_is_answered() -> None:
    case = waiting_case(served_project(), images=3)
    predictions_store(first := claimed(2), results_of(first))
    assert CasePrediction.objects.get(case=case).pending == 1
    assert CasePrediction.objects.get(case=case).state == "waiting"
    predictions_store(last := claimed(2), results_of(last))
    assert CasePrediction.objects.get(case=case).state == "done"


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_changes_nothing() -> None:
    case = waiting_case(served_project())
    frozen = claimed()
    expire_leases()
    quick = claimed()
    assert ids_of(quick) == ids_of(frozen)
    assert predictions_store(frozen, results_of(frozen, probability=0.1)) == set()
    predictions_fail(frozen, {ids_of(frozen)[0]: FAULT})
    assert Prediction.objects.get().claim_token == quick.token
    predictions_store(quick, results_of(quick, probability=0.9))
    assert predictions_store(frozen, results_of(frozen, probability=0.1)) == set()
    assert CasePrediction.objects.get(case=case).probabilities == {"pneumonia": pytest.approx(0.9)}


@pytest.mark.django_db
def test_images_of_a_vanished_worker_are_tried_alone() -> None:
    waiting_case(served_project(), images=3)
    claimed()
    expire_leases()
    assert leases_expire() == 3
    assert [len(claimed().frames) for _ in range(3)] == [1, 1, 1]


@pytest.mark.django_db
def test_an_image_that_kills_its_worker_is_quarantined_after_three_attempts() -> None:
    project = served_project()
    case = waiting_case(project)
    other = waiting_case(project)
    for _ in range(3):
        claimed(1)
        expire_leases()
        leases_expire()
        Prediction.objects.filter(case_prediction__case=other).update(state=State.DONE)
    poison = Prediction.objects.get(case_prediction__case=case)
    assert (poison.state, poison.reason_code, poison.attempts) == (
        State.QUARANTINED,
        "worker_lost",
        3,
    )
    assert claim_batch(16) is None
    failed = CasePrediction.objects.get(case=case)
    assert (failed.state, failed.reason_code, failed.pending) == ("failed", "images_failed", 0)
    assert failed.reason_params == {"failed": 1, "images": 1, "cause": "worker_lost"}


@pytest.mark.django_db
def test_a_failed_batch_is_retried_one_by_one_and_only_the_culprit_is_quarantined() -> None:
    project = served_project()
    cases = [waiting_case(project) for _ in range(3)]
    culprit = Prediction.objects.get(case_prediction__case=cases[1]).pk
    batch = claimed()
    predictions_fail(batch, dict.fromkeys(ids_of(batch), FAULT))
    sizes = []
    while retried := claim_batch(16):
        sizes.append(len(retried.frames))
        if ids_of(retried) == [culprit]:
            predictions_fail(retried, {culprit: FAULT})
        else:
            predictions_store(retried, results_of(retried))
    assert sizes == [1, 1, 1, 1]  # two others once, the culprit twice more
    states = [CasePrediction.objects.get(case=case).state for case in cases]
    assert states == ["done", "failed", "done"]
    assert Prediction.objects.get(pk=culprit).reason_code == "compute_failed"


@pytest.mark.django_db
def test_a_final_failure_is_quarantined_at_once() -> None:
    case = waiting_case(served_project())
    batch = claimed()
    final = FrameFailure("weights_missing", {}, is_final=True)
    predictions_fail(batch, {ids_of(batch)[0]: final})
    assert Prediction.objects.get().state == State.QUARANTINED
    assert CasePrediction.objects.get(case=case).reason_params["cause"] == "weights_missing"


@pytest.mark.django_db
def test_one_failed_image_fails_the_case_so_that_the_others_do_not_pass_for_the_whole() -> None:
    case = waiting_case(served_project(), images=2)
    batch = claimed()
    predictions_store(batch, results_of(batch)[:1])
    final = FrameFailure("decode_failed", {}, is_final=True)
    predictions_fail(batch, {ids_of(batch)[1]: final})
    gathered = CasePrediction.objects.get(case=case)
    assert (gathered.state, gathered.probabilities, gathered.top_finding) == ("failed", {}, "")


@pytest.mark.django_db
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_never_stored(number: float) -> None:
    waiting_case(served_project(), images=2)
    batch = claimed()
    results = results_of(batch)
    results[1].probabilities[0] = number
    with pytest.raises(Invalid, match="not finite"):
        predictions_store(batch, results)
    assert not Prediction.objects.exclude(logits=[]).exists()


@pytest.mark.django_db
def test_a_study_that_grows_waits_again_and_is_gathered_anew() -> None:
    case = waiting_case(served_project())
    predictions_store(batch := claimed(), results_of(batch, probability=0.3))
    assert CasePrediction.objects.get(case=case).state == "done"
    series = case.instances.get().series
    CaseInstanceFactory(case=case, instance=InstanceFactory(series=series, instance_number=2))
    assert case_predictions_request([case.pk], lane=BULK) == 1
    grown = CasePrediction.objects.get(case=case)
    assert (grown.state, grown.pending, grown.completed_at) == ("waiting", 1, None)
    predictions_store(batch := claimed(), results_of(batch, probability=0.6))
    gathered = CasePrediction.objects.get(case=case)
    assert (gathered.state, gathered.probabilities) == ("done", {"pneumonia": pytest.approx(0.6)})


def in_threads(count: int, work: Callable[[], object]) -> list[object]:
    """Run the same work in threads at the same moment, each with a connection of its own."""
    barrier = threading.Barrier(count)

    def one() -> object:
        try:
            barrier.wait()
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(one) for _ in range(count)]]


@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_moment_never_claim_the_same_image() -> None:
    project = served_project()
    for _ in range(4):
        waiting_case(project, images=6)

    def work() -> list[object]:
        keys: list[object] = []
        while batch := claim_batch(2):
            keys += ids_of(batch)
        return keys

    keys = [key for part in in_threads(4, work) for key in part]  # type: ignore[attr-defined]
    assert len(keys) == len(set(keys)) == 24
    assert set(Prediction.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_workers_that_share_a_case_gather_it_exactly_once() -> None:
    project = served_project()
    cases = [waiting_case(project, images=8) for _ in range(3)]

    def work() -> int:
        stored = 0
        while batch := claim_batch(1):
            stored += len(predictions_store(batch, results_of(batch)))
        return stored

    assert sum(in_threads(4, work)) == 24  # type: ignore[arg-type]
    for case in cases:
        gathered = CasePrediction.objects.get(case=case)
        assert (gathered.state, gathered.pending) == ("done", 0)


@pytest.mark.django_db(transaction=True)
def test_requests_at_the_same_moment_ask_for_each_image_once() -> None:
    project = served_project()
    case = waiting_case(project, images=5)
    Prediction.objects.all().delete()
    CasePrediction.objects.all().delete()
    queued = in_threads(4, lambda: case_predictions_request([case.pk], lane=INTERACTIVE))
    assert sorted(queued) == [0, 0, 0, 5]  # type: ignore[type-var]
    asked = Prediction.objects.values("instance", "frame_number").annotate(count=Count("pk"))
    assert {row["count"] for row in asked} == {1}
    assert CasePrediction.objects.get(case=case).pending == 5


@pytest.mark.django_db(transaction=True)
def test_expiry_at_the_same_moment_settles_a_poisoned_image_once() -> None:
    case = waiting_case(served_project(), images=2)
    claimed()
    Prediction.objects.update(attempts=3)
    expire_leases()
    in_threads(4, leases_expire)
    assert CasePrediction.objects.get(case=case).pending == 0
    assert CasePrediction.objects.get(case=case).state == "failed"
