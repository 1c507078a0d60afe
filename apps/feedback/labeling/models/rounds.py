"""The facts of double-blind labeling: rounds, reads, arbitrations, consensus.

What somebody said is append-only (`ReadLock`, `ArbitrationDecision`, `Consensus`); the mutable rows
say only where a thing stands. Constraints close the races: a slot is taken once, a person reads a
case once, a case is compared once (DESIGN rules 2 and 5; labeling.md section 2, I1-I14).
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.base import AppendOnlyModel, BaseModel


class ReadingRound(BaseModel):
    """Independent reads of a set of cases under one versioned policy."""

    class State(models.TextChoices):
        """Life of a round; `apps.feedback.states` says which way leads where."""

        DRAFT = "draft", _("Draft")
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")
        CANCELLED = "cancelled", _("Cancelled")

    project = models.ForeignKey("cases.Project", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=128)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    seed = models.CharField(max_length=64, help_text="Of every draw in the round; never shown")
    made_by = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True, help_text="From then on every sealed case counts")
    report_wanted_at = models.DateTimeField(
        null=True, help_text="A report was asked for and is not there yet"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="round_name_once_a_project")
        ]


class RoundPolicy(AppendOnlyModel):
    """One version of a round's rules; a case is judged by the version at its last lock."""

    round = models.ForeignKey(ReadingRound, on_delete=models.PROTECT, related_name="policies")
    version = models.PositiveIntegerField()
    content = models.JSONField(help_text="apps.feedback.compute.round_policy")
    reason = models.CharField(max_length=500, blank=True)
    author = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "version"], name="round_policy_version_once")
        ]


class Guideline(AppendOnlyModel):
    """One version of what readers go by; an answered question becomes the next one, for all."""

    round = models.ForeignKey(ReadingRound, on_delete=models.PROTECT, related_name="guidelines")
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    pictures = models.JSONField(default=list, help_text="[{sha256, content_type, caption}]")
    change = models.CharField(max_length=500, blank=True, help_text="What is new, for the readers")
    author = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "version"], name="guideline_version_once")
        ]


class RoundMember(BaseModel):
    """A person in a round: one role, and what the queue must know of them."""

    class Role(models.TextChoices):
        """Nobody is both in one round."""

        ANNOTATOR = "annotator", _("Annotator")
        ARBITRATOR = "arbitrator", _("Arbitrator")

    class State(models.TextChoices):
        """A paused member gets nothing new; a withdrawn one sees nothing any more."""

        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    round = models.ForeignKey(ReadingRound, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role.choices)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    offers = models.PositiveIntegerField(
        default=0, help_text="Makes each draw of the queue another"
    )
    cap = models.PositiveIntegerField(null=True, help_text="Cases at most")
    daily_cap = models.PositiveIntegerField(null=True, help_text="Cases at most in 24 hours")
    qualified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["round", "user"], name="round_member_once")]


class RoundCase(BaseModel):
    """A case in a round, in one epoch; a case opened again is a new row, never an edit.

    `open_slots` counts the reads that may still be offered, `unfinal` those that a comparison still
    waits for. Both change only by conditional UPDATE: the last one is known without a count.
    """

    class Purpose(models.TextChoices):
        """Why it is read; a reader cannot tell (I9)."""

        PRIMARY = "primary", _("To be labeled")
        GOLD = "gold", _("Known answer")
        REREAD = "reread", _("Hidden second read by the same person")
        QUALIFICATION = "qualification", _("Before the round, with feedback")

    class State(models.TextChoices):
        """Where the case stands; `apps.feedback.states` says which way leads where."""

        OPEN = "open", _("Being read")
        ARBITRATION = "arbitration", _("Waiting for arbitration")
        SEALED = "sealed", _("Sealed")
        UNREADABLE = "unreadable", _("Unreadable")
        CANCELLED = "cancelled", _("Cancelled")
        REOPENED = "reopened", _("Opened again in a new epoch")

    round = models.ForeignKey(ReadingRound, on_delete=models.PROTECT, related_name="cases")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    epoch = models.PositiveSmallIntegerField(default=1)
    purpose = models.CharField(max_length=13, choices=Purpose.choices, default=Purpose.PRIMARY)
    state = models.CharField(max_length=11, choices=State.choices, default=State.OPEN)
    readers = models.PositiveIntegerField(help_text="Reads that the comparison needs")
    open_slots = models.PositiveIntegerField()
    unfinal = models.PositiveIntegerField()
    draw = models.FloatField(help_text="Its place on the circle that readers draw from")
    only_reader = models.ForeignKey(
        "cases.User", null=True, on_delete=models.PROTECT, related_name="+", help_text="A re-read"
    )
    rereads = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    not_before = models.DateTimeField(null=True, help_text="End of the wash-out")
    policy = models.ForeignKey(
        RoundPolicy, null=True, on_delete=models.PROTECT, related_name="+", help_text="Judged by"
    )
    sealed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round", "case", "epoch"],
                condition=~Q(purpose="reread"),
                name="round_case_once_an_epoch",
            ),
            models.UniqueConstraint(
                fields=["rereads", "only_reader"],
                condition=Q(purpose="reread"),
                name="reread_once_a_reader",
            ),
            models.CheckConstraint(
                condition=Q(open_slots__lte=F("readers")), name="round_case_slots_in_range"
            ),
            models.CheckConstraint(
                condition=Q(unfinal__lte=F("readers")), name="round_case_unfinal_in_range"
            ),
        ]
        indexes = [
            models.Index(
                fields=["round", "purpose", "draw"],
                condition=Q(open_slots__gt=0, state="open"),
                name="round_case_open_draw",
            ),
            models.Index(
                fields=["round"],
                condition=Q(purpose="qualification"),
                name="round_case_qualification",
            ),
            models.Index(fields=["round", "state"], name="round_case_state"),
            models.Index(
                fields=["purpose"],
                condition=Q(state="open", unfinal=0),
                name="round_case_to_compare",
            ),
            models.Index(
                fields=["round"],
                condition=Q(state__in=["sealed", "unreadable"], released_at__isnull=True),
                name="round_case_to_release",
            ),
        ]


class GoldAnswer(AppendOnlyModel):
    """What is true of a gold or qualification case, in the form of a read's content."""

    round_case = models.OneToOneField(RoundCase, on_delete=models.PROTECT, related_name="gold")
    content = models.JSONField(help_text="As ReadLock.content")
    explanation = models.CharField(max_length=1000, blank=True, help_text="Shown as feedback")
    author = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")


class Read(BaseModel):
    """One person's blinded reading of one case: offered, opened, drafted, locked, final.

    `content` is the draft; what was locked is in `locks`. `is_burned` holds the person to the case
    for ever, once it was on their screen; an offer that nobody opened lapses without a trace.
    """

    class Kind(models.TextChoices):
        """Whose read it is."""

        ANNOTATOR = "annotator", _("Annotator")
        ARBITRATOR = "arbitrator", _("Arbitrator, before the reveal")

    class State(models.TextChoices):
        """Life of a read; `apps.feedback.states` says which way leads where."""

        OFFERED = "offered", _("Offered")
        OPENED = "opened", _("Opened")
        DRAFT = "draft", _("Draft")
        LOCKED = "locked", _("Locked, may be taken back")
        FINAL = "final", _("Locked for good")
        EXPIRED = "expired", _("Expired")
        SKIPPED = "skipped", _("Skipped")
        RECUSED = "recused", _("Recused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    round_case = models.ForeignKey(RoundCase, on_delete=models.PROTECT, related_name="reads")
    case = models.ForeignKey("cases.Case", on_delete=models.PROTECT, related_name="+")
    reader = models.ForeignKey("cases.User", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    slot = models.PositiveIntegerField(null=True, help_text="1..n while it holds one")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    is_reread = models.BooleanField(default=False)
    is_burned = models.BooleanField(default=True)
    pseudonym = models.CharField(max_length=12, help_text="How this case is called in this read")
    lease_until = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    revision = models.PositiveIntegerField(default=0)
    content = models.JSONField(default=dict)
    saved_at = models.DateTimeField(null=True)
    active_s = models.FloatField(default=0.0, help_text="Time on task without idle time")
    locked_at = models.DateTimeField(null=True)
    final_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["round_case", "kind", "slot"],
                condition=Q(slot__isnull=False),
                name="read_slot_once",
            ),
            models.UniqueConstraint(
                fields=["case", "reader"],
                condition=Q(is_burned=True, is_reread=False),
                name="read_person_once_a_case",
            ),
            models.UniqueConstraint(
                fields=["round_case", "reader"],
                condition=Q(is_burned=True),
                name="read_person_once_a_round_case",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["locked", "final"], locked_at__isnull=False)
                | ~Q(state__in=["locked", "final"]),
                name="read_locked_has_time",
            ),
            models.CheckConstraint(
                condition=Q(state="final", final_at__isnull=False)
                | Q(final_at__isnull=True) & ~Q(state="final"),
                name="read_final_has_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reader"],
                condition=Q(state__in=["offered", "opened", "draft"]),
                name="read_live_of_reader",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(state__in=["offered", "opened", "draft"]),
                name="read_live_lease",
            ),
            models.Index(
                fields=["locked_at"], condition=Q(state="locked"), name="read_locked_not_final"
            ),
        ]


class ReadLock(AppendOnlyModel):
    """What a reader locked, under which rules; one that was taken back stays, marked."""

    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="locks")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    policy = models.ForeignKey(RoundPolicy, on_delete=models.PROTECT, related_name="+")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="+")
    active_s = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["read", "number"], name="read_lock_number_once")
        ]


class LockTakenBack(AppendOnlyModel):
    """A lock taken back within its five minutes."""

    lock = models.OneToOneField(ReadLock, on_delete=models.PROTECT, related_name="taken_back")


class ReadQuestion(AppendOnlyModel):
    """What a reader asks the admin; the answer goes to all, naming neither case nor asker."""

    read = models.ForeignKey(Read, on_delete=models.PROTECT, related_name="questions")
    text = models.CharField(max_length=1000)


class QuestionAnswer(AppendOnlyModel):
    """The guideline version that answers a question."""

    question = models.OneToOneField(ReadQuestion, on_delete=models.PROTECT, related_name="answer")
    guideline = models.ForeignKey(Guideline, on_delete=models.PROTECT, related_name="+")


class Comparison(AppendOnlyModel):
    """How the reads of a case agree, once, under the policy of the last lock."""

    round_case = models.OneToOneField(
        RoundCase, on_delete=models.PROTECT, related_name="comparison"
    )
    policy = models.ForeignKey(RoundPolicy, on_delete=models.PROTECT, related_name="+")
    is_concordant = models.BooleanField()
    needs_arbitration = models.BooleanField()
    detail = models.JSONField(help_text="apps.feedback.compute.comparison, per finding")
    locks = models.ManyToManyField(ReadLock, related_name="+")


class Arbitration(BaseModel):
    """One seat of the decision on a case; a panel has three."""

    class State(models.TextChoices):
        """Life of a seat; `apps.feedback.states` says which way leads where."""

        QUEUED = "queued", _("Waiting for an arbitrator")
        BLIND = "blind", _("The arbitrator reads blind")
        REVEALED = "revealed", _("The reads are shown")
        DECIDED = "decided", _("Decided")

    round_case = models.ForeignKey(RoundCase, on_delete=models.PROTECT, related_name="arbitrations")
    seat = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    arbitrator = models.ForeignKey(
        "cases.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    read = models.OneToOneField(
        Read, null=True, on_delete=models.PROTECT, related_name="arbitration"
    )
    order = models.JSONField(default=list, help_text="Ids of the reads shown as A, B, ...")
    draft = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, help_text="From the reveal to the decision")
    saved_at = models.DateTimeField(null=True)
    revealed_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round_case", "seat"], name="arbitration_seat_once"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "blind"], revealed_at__isnull=True)
                | Q(state__in=["revealed", "decided"], revealed_at__isnull=False),
                name="arbitration_revealed_has_time",
            ),
        ]
