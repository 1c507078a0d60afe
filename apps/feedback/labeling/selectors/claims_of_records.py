"""Claims of the certificate about the records: hashes, chain, policy, re-reads, release."""

import hashlib
from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from django.db.models import Exists, OuterRef, QuerySet

from apps.cases.models import AuditEvent, Exposure
from apps.feedback.labeling.models.rounds import (
    Comparison,
    Read,
    ReadingRound,
    ReadLock,
    RoundCase,
)
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.selectors.findings_of_claims import Checked

Purpose = RoundCase.Purpose
_AT_ONCE: Final = 500


def lock_hashes(reading_round: ReadingRound) -> Checked:
    """Every lock's hash is that of its content."""
    found = Checked()
    rows = ReadLock.objects.filter(read__round_case__round=reading_round)
    for key, content, claimed in rows.values_list("pk", "content", "content_sha256").iterator():
        found.checked += 1
        canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        if hashlib.sha256(canonical).hexdigest() != claimed:
            found.against("read_lock", key, "the content is not what was locked")
    return found


def locks_in_chain(reading_round: ReadingRound) -> Checked:
    """Every lock stands in the sealed audit chain, under the same hash."""
    rows = list(
        ReadLock.objects.filter(read__round_case__round=reading_round).values_list(
            "pk", "read", "number", "content_sha256"
        )
    )
    found = Checked(len(rows))
    for start in range(0, len(rows), _AT_ONCE):
        piece = rows[start : start + _AT_ONCE]
        told: dict[tuple[str, int], set[str]] = defaultdict(set)
        events = AuditEvent.objects.filter(
            action="read.locked",
            target_id__in={str(read) for _, read, _, _ in piece},
            seal__isnull=False,
        )
        for target, detail in events.values_list("target_id", "detail"):
            told[target, detail.get("number", 0)].add(detail.get("content_sha256", ""))
        for key, read, number, sha256 in piece:
            hashes = told[str(read), number]
            if not hashes:
                found.against("read_lock", key, "not in the sealed chain")
            elif hashes != {sha256}:
                found.against("read_lock", key, "the chain holds another hash")
    return found


def policy_of_last_lock(reading_round: ReadingRound) -> Checked:
    """Each case was judged on its final locks, by the policy in force at the last of them."""
    found = Checked()
    rows = Comparison.objects.filter(round_case__round=reading_round)
    for each in rows.select_related("round_case__consensus").prefetch_related("locks"):
        found.checked += 1
        locks = list(each.locks.all())
        if not locks:
            found.against("round_case", each.round_case_id, "judged on no lock")
            continue
        last = max(locks, key=lambda lock: (lock.created_at, str(lock.pk)))
        sealed = Consensus.objects.filter(round_case=each.round_case_id).first()
        judged = {each.policy_id, each.round_case.policy_id}
        judged |= {sealed.policy_id} if sealed else set()
        if judged != {last.policy_id}:
            found.against("round_case", each.round_case_id, "judged by another policy version")
    return found


def rereads_apart(reading_round: ReadingRound) -> Checked:
    """A second read is by the same person, after the wash-out, and counts in no consensus."""
    found = Checked()
    again = Read.objects.filter(
        round_case__round=reading_round,
        round_case__purpose=Purpose.REREAD,
        state=Read.State.FINAL,
    ).select_related("round_case")
    counted = Comparison.objects.filter(locks__read=OuterRef("pk"))
    for each in again.annotate(is_counted=Exists(counted)):
        found.checked += 1
        case = each.round_case
        if each.reader_id != case.only_reader_id:
            found.against("read", each.pk, "by another person")
        if not Read.objects.filter(
            round_case=case.rereads_id, reader=each.reader_id, state=Read.State.FINAL
        ).exists():
            found.against("read", each.pk, "there is no first read by the same person")
        if case.not_before is None or each.created_at < case.not_before:
            found.against("read", each.pk, "before the end of the wash-out")
        if each.is_counted or Consensus.objects.filter(round_case=case).exists():
            found.against("read", each.pk, "counts in a consensus")
    return found


def released_in_order(reading_round: ReadingRound) -> Checked:
    """No consensus counted, and none was shown, before its case was released."""
    found = Checked()
    cases = RoundCase.objects.filter(round=reading_round, purpose=Purpose.PRIMARY)
    decided = cases.filter(consensus__isnull=False).select_related("consensus__policy")
    shown = _results_shown(decided)
    for each in decided:
        found.checked += 1
        if any(
            each.released_at is None or since < each.released_at for since in shown[each.case_id]
        ):
            found.against("round_case", each.pk, "its result was shown before its release")
        if each.released_at is None:
            continue
        if each.sealed_at is None or each.sealed_at > each.released_at:
            found.against("round_case", each.pk, "released before it was sealed")
        if each.consensus.created_at > each.released_at:
            found.against("round_case", each.pk, "released before there was a consensus")
        whole = reading_round.released_at
        is_each = each.consensus.policy.content.get("release") == "each_case"
        if not is_each and (whole is None or whole > each.released_at):
            found.against("round_case", each.pk, "released before its round")
    undecided = cases.filter(consensus__isnull=True, released_at__isnull=False)
    for key in undecided.values_list("pk", flat=True):
        found.checked += 1
        found.against("round_case", key, "released without a consensus")
    return found


def _results_shown(cases: QuerySet[RoundCase]) -> dict[UUID, list[datetime]]:
    """Map cases to when a result of theirs was shown that no other round had released by then."""
    ids = cases.values("case")
    elsewhere: dict[UUID, list[datetime]] = defaultdict(list)
    others = RoundCase.objects.filter(case__in=ids, released_at__isnull=False)
    for other in others.exclude(pk__in=cases.values("pk")):
        if other.released_at is not None:
            elsewhere[other.case_id].append(other.released_at)
    shown: dict[UUID, list[datetime]] = defaultdict(list)
    seen = Exposure.objects.filter(kind=Exposure.Kind.RESULT_SEEN, case__in=ids)
    for exposure in seen:
        case = exposure.case_id
        if case and not any(released <= exposure.created_at for released in elsewhere[case]):
            shown[case].append(exposure.created_at)
    return shown
