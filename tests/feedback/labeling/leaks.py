"""Leaks that are planted one at a time: one for each channel of security.md, section 2.2."""

import contextlib
import importlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from apps.errors import Conflict, Invalid, NotFound
from apps.feedback.labeling.models.rounds import Read, ReadLock, RoundCase
from apps.feedback.labeling.models.verdicts import Consensus
from apps.feedback.labeling.selectors.images import EMPTY
from apps.feedback.labeling.services import offers
from apps.inference.models import CasePrediction
from tests.feedback.labeling.mutants import LABELING, Mutant


def _patched(target: str, make: Callable[[Any], Any]) -> Mutant:
    """Replace a function by what `make` builds of it."""

    @contextlib.contextmanager
    def mutant() -> Iterator[None]:
        module, name = target.rsplit(".", 1)
        original = getattr(importlib.import_module(module), name)
        with mock.patch(target, make(original)):
            yield

    return mutant


def _others(read_id: Any) -> Any:
    cases = Read.objects.filter(pk=read_id).values("case")
    return ReadLock.objects.filter(read__case__in=cases).exclude(read=read_id)


def _count_in_the_list(own_rounds: Any) -> Any:
    def leaky(user: Any) -> Any:
        present = ReadLock.objects.filter(content__answers__1__value="present").exclude(
            read__reader=user
        )
        return [{**row, "locked_today": present.count()} for row in own_rounds(user)]

    return leaky


def _state_of_the_case(read_payload: Any) -> Any:
    def leaky(read: Read) -> Any:
        state = RoundCase.objects.get(pk=read.round_case_id).state
        return {**read_payload(read), "pseudonym": state}

    return leaky


def _answer_in_the_body(read_payload: Any) -> Any:
    def leaky(read: Read) -> Any:
        lock = _others(read.pk).first()
        payload = read_payload(read)
        return {**payload, "content": lock.content if lock else payload["content"]}

    return leaky


def _answer_in_the_image_names(hidden: Any) -> Any:
    def leaky(uid: str, *, read_id: str, key: str) -> Any:
        lock = _others(read_id).first()
        return hidden(uid, read_id=read_id, key=key + (lock.content_sha256[:4] if lock else ""))

    return leaky


def _ai_in_the_facts(images_payload: Any) -> Any:
    def leaky(read: Read) -> Any:
        payload = images_payload(read)
        answer = CasePrediction.objects.filter(case=read.case_id).first()
        facts = {**payload["facts"], "view_position": str(answer and answer.top_probability)}
        return {**payload, "facts": facts}

    return leaky


def _answer_in_the_header(headers_of: Any) -> Any:
    def leaky(read: Read) -> Any:
        values = [lock.content_sha256 for lock in _others(read.pk)]
        return [*headers_of(read), {"00204000": {"vr": "LT", "Value": values}}]

    return leaky


def _order_by_uncertainty(offerable_to: Any) -> Any:
    def leaky(user: Any, cases: Any) -> Any:
        found = offerable_to(user, cases)
        sure = CasePrediction.objects.filter(top_probability__gt=0.5).values("case")
        return found.filter(case__in=sure) if found.filter(case__in=sure).exists() else found

    return leaky


def _no_case_left_once_it_is_settled(next_offer: Any) -> Any:
    def leaky(member: Any, *, ahead: bool = False) -> Any:
        if RoundCase.objects.filter(state="arbitration").exists():
            return offers.Offer(reason="nothing_now")
        return next_offer(member, ahead=ahead)

    return leaky


def _conflict_of_anothers(draft_save: Any) -> Any:
    def leaky(read: Read, *, sent: Any) -> Any:
        if _others(read.pk).filter(content__answers__1__value="present").exists():
            raise Conflict("Somebody has answered otherwise.", code="stale_revision")
        return draft_save(read, sent=sent)

    return leaky


def _refused_by_what_others_said(question_ask: Any) -> Any:
    def leaky(read: Read, *, text: str) -> None:
        if _others(read.pk).filter(content__answers__1__value="present").exists():
            raise Invalid("This has been answered.", code="answered")
        question_ask(read, text=text)

    return leaky


def _work_that_grows(own_reads: Any) -> Any:
    def leaky(user: Any, reading_round: Any, **page: Any) -> Any:
        for lock in ReadLock.objects.filter(content__answers__1__value="present"):
            lock.read.refresh_from_db()
        return own_reads(user, reading_round, **page)

    return leaky


def _time_of_the_last_answer(guideline_payload: Any) -> Any:
    def leaky(reading_round: Any) -> Any:
        payload = guideline_payload(reading_round)
        sealed = RoundCase.objects.filter(round=reading_round, sealed_at__isnull=False)
        last = sealed.order_by("-sealed_at").first()
        return {**payload, "text": str(last.sealed_at) if last else ""}

    return leaky


def _result_before_the_release(_result_of: Any) -> Any:
    def leaky(read: Read) -> Any:
        if not Consensus.objects.filter(round_case=read.round_case_id).exists():
            raise NotFound
        return {"mine": EMPTY, "consensus": []}

    return leaky


def _second_read_drawn_by_disagreement(reread_draw: Any) -> Any:
    def leaky(read: Read) -> None:
        locks = ReadLock.objects.filter(read__round_case=read.round_case)
        if len(set(locks.values_list("content_sha256", flat=True))) > 1:
            reread_draw(read)

    return leaky


SELECTORS = f"{LABELING}.selectors"
LEAKS: dict[str, Mutant] = {
    "count": _patched(f"{LABELING}.api.own_rounds.own_rounds", _count_in_the_list),
    "state": _patched(f"{LABELING}.api.reads.read_payload", _state_of_the_case),
    "body": _patched(f"{LABELING}.api.reads.read_payload", _answer_in_the_body),
    "identifier": _patched(f"{SELECTORS}.images.uid_pseudonym", _answer_in_the_image_names),
    "AI output": _patched(f"{SELECTORS}.reads.images_payload", _ai_in_the_facts),
    "image header": _patched(f"{LABELING}.api.images.headers_of", _answer_in_the_header),
    "order": _patched(f"{LABELING}.services.offers.offerable_to", _order_by_uncertainty),
    "queue": _patched(f"{LABELING}.api.own_rounds.next_offer", _no_case_left_once_it_is_settled),
    "conflict": _patched(f"{LABELING}.api.reads.draft_save", _conflict_of_anothers),
    "status code": _patched(f"{LABELING}.api.reads.question_ask", _refused_by_what_others_said),
    "timing": _patched(f"{LABELING}.api.own_rounds.own_reads", _work_that_grows),
    "timestamp": _patched(f"{LABELING}.api.own_rounds.guideline_payload", _time_of_the_last_answer),
    "presence of a result": _patched(f"{LABELING}.api.reads.result_of", _result_before_the_release),
    "second reads": _patched(
        f"{LABELING}.services.settling._reread_draw", _second_read_drawn_by_disagreement
    ),
}
