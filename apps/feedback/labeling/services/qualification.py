"""Does a reader read well enough to begin? Judged when the last qualification case is locked."""

from django.utils import timezone

from apps.cases.models import User
from apps.cases.services.audit import audit_record
from apps.feedback.compute.round_policy import read_rules
from apps.feedback.labeling.models.rounds import Read, ReadingRound, RoundCase, RoundMember
from apps.feedback.labeling.selectors.reads import LOCKED, feedback_of
from apps.feedback.labeling.services.offers import policy_in_force


def qualification_judge(read: Read) -> None:
    """After the last qualification case: let the reader in if enough of their reads were right.

    Call it inside the transaction of the lock. Any other read changes nothing.
    """
    if read.round_case.purpose == RoundCase.Purpose.QUALIFICATION:
        _judge(read.round_case.round, read.reader)


def qualification_judge_rest(round_case: RoundCase) -> None:
    """After a qualification case was given up: judge whoever has read all that is left.

    Call it inside the transaction that gave it up: nobody locks another one to be judged by.
    """
    if round_case.purpose != RoundCase.Purpose.QUALIFICATION:
        return
    waiting = RoundMember.objects.filter(round=round_case.round, qualified_at__isnull=True)
    for member in waiting.select_related("user"):
        _judge(round_case.round, member.user)


def _judge(reading_round: ReadingRound, reader: User) -> None:
    cases = RoundCase.objects.filter(
        round=reading_round, purpose=RoundCase.Purpose.QUALIFICATION
    ).exclude(state=RoundCase.State.CANCELLED)
    reads = Read.objects.filter(reader=reader, round_case__in=cases, state__in=LOCKED)
    judged = [feedback_of(each) for each in reads.select_related("round_case__gold")]
    if not judged or len(judged) < cases.count():
        return
    right = sum(feedback is not None and feedback["is_correct"] for feedback in judged)
    share = right / len(judged)
    needed = read_rules(policy_in_force(reading_round).content).qualification_pass_share
    member = RoundMember.objects.get(round=reading_round, user=reader)
    is_passed = share >= needed
    if is_passed:
        RoundMember.objects.filter(pk=member.pk).update(qualified_at=timezone.now())
    audit_record(
        actor=reader,
        action="member.qualified" if is_passed else "member.not_qualified",
        target=member,
        project=reading_round.project,
        detail={"right": right, "of": len(judged)},
    )
