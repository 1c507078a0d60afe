"""Does a reader read well enough to begin? Judged when the last qualification case is locked."""

from django.utils import timezone

from apps.cases.services.audit import audit_record
from apps.feedback.compute.round_policy import read_rules
from apps.feedback.labeling.models.rounds import Read, RoundCase, RoundMember
from apps.feedback.labeling.selectors.reads import LOCKED, feedback_of
from apps.feedback.labeling.services.offers import policy_in_force


def qualification_judge(read: Read) -> None:
    """After the last qualification case: let the reader in if enough of their reads were right.

    Call it inside the transaction of the lock. Any other read changes nothing.
    """
    round_case = read.round_case
    if round_case.purpose != RoundCase.Purpose.QUALIFICATION:
        return
    cases = RoundCase.objects.filter(
        round=round_case.round, purpose=RoundCase.Purpose.QUALIFICATION
    ).exclude(state=RoundCase.State.CANCELLED)
    reads = Read.objects.filter(reader=read.reader, round_case__in=cases, state__in=LOCKED)
    judged = [feedback_of(each) for each in reads.select_related("round_case__gold")]
    if len(judged) < cases.count():
        return
    right = sum(feedback is not None and feedback["is_correct"] for feedback in judged)
    share = right / len(judged)
    needed = read_rules(policy_in_force(round_case.round).content).qualification_pass_share
    member = RoundMember.objects.get(round=round_case.round, user=read.reader)
    is_passed = share >= needed
    if is_passed:
        RoundMember.objects.filter(pk=member.pk).update(qualified_at=timezone.now())
    audit_record(
        actor=read.reader,
        action="member.qualified" if is_passed else "member.not_qualified",
        target=member,
        project=round_case.round.project,
        detail={"right": right, "of": len(judged)},
    )
