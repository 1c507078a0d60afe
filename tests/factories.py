"""One factory per model; every call makes a new, distinct thing. Arrange two of everything."""

import hashlib
import uuid
from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from apps.cases import models as cases
from apps.cases.names import search_text
from apps.cases.people.models import Invitation, PasswordReset
from apps.cases.services.one_time_links import token_new
from apps.feedback import models as feedback
from apps.feedback.learning import models as learning
from apps.feedback.learning.models import QueueEntry
from apps.feedback.review.models import (
    CriticalAcknowledgement,
    FirstImpression,
    Phrase,
    Review,
    ReviewDecision,
    RoiRevision,
    SecondSignature,
    Verdict,
    Withdrawal,
)
from apps.inference import models as inference
from apps.inference.compute.run_config import RunConfig

PASSWORD = "correct horse battery staple"


def sha256(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def uid() -> str:
    """A new DICOM UID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = cases.User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"reader{n}")
    display_name = factory.Sequence(lambda n: f"Reader {n}")

    @factory.post_generation
    def password(self, create, extracted, **kwargs):
        self.set_password(extracted or PASSWORD)
        if create:
            self.save()


class ProjectFactory(DjangoModelFactory):
    class Meta:
        model = cases.Project
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"project-{n}")
    name_en = factory.Sequence(lambda n: f"Project {n}")
    name_zh = factory.Sequence(lambda n: f"项目 {n}")

    @factory.post_generation
    def policy(self, create, extracted, **kwargs):
        """The reading policy; `policy="on_request"` says when AI is shown, False leaves it out."""
        if create and extracted is not False:
            display = extracted or cases.ReadingPolicy.AiDisplay.FROM_START
            ReadingPolicyFactory(project=self, ai_display=display)


class ReadingPolicyFactory(DjangoModelFactory):
    class Meta:
        model = cases.ReadingPolicy

    project = factory.SubFactory(ProjectFactory, policy=False)
    version = 1


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = cases.Membership

    user = factory.SubFactory(UserFactory)
    project = factory.SubFactory(ProjectFactory)
    role = cases.Role.RADIOLOGIST


class FindingFactory(DjangoModelFactory):
    class Meta:
        model = cases.Finding

    project = factory.SubFactory(ProjectFactory)
    code = factory.Sequence(lambda n: f"finding_{n}")
    name_en = factory.Sequence(lambda n: f"Finding {n}")
    name_zh = factory.Sequence(lambda n: f"征象 {n}")
    position = factory.Sequence(lambda n: n)


class PatientFactory(DjangoModelFactory):
    class Meta:
        model = cases.Patient

    patient_id = factory.Sequence(lambda n: f"PID{n}")
    name = factory.Sequence(lambda n: f"Zhang^Wei{n}=张^伟{n}")
    identity_sha256 = factory.LazyAttribute(lambda it: sha256((it.patient_id, it.name)))
    name_search = factory.LazyAttribute(lambda it: search_text(it.name))
    sex = "F"


class StudyFactory(DjangoModelFactory):
    class Meta:
        model = cases.Study

    patient = factory.SubFactory(PatientFactory)
    study_instance_uid = factory.LazyFunction(uid)
    description = factory.Sequence(lambda n: f"CHEST PA {n}")
    accession_number = factory.Sequence(lambda n: f"ACC{n}")


class SeriesFactory(DjangoModelFactory):
    class Meta:
        model = cases.Series

    study = factory.SubFactory(StudyFactory)
    series_instance_uid = factory.LazyFunction(uid)
    series_number = 1
    modality = "DX"
    body_part_examined = "CHEST"


class InstanceFactory(DjangoModelFactory):
    """An instance row; its bytes are not stored (see `tests.dicom_files` for whole files)."""

    class Meta:
        model = cases.Instance

    series = factory.SubFactory(SeriesFactory)
    sop_instance_uid = factory.LazyFunction(uid)
    sop_class_uid = "1.2.840.10008.5.1.4.1.1.1.1"
    instance_number = 1
    transfer_syntax_uid = "1.2.840.10008.1.2.1"
    view_position = "AP"
    rows = 2
    columns = 3
    has_pixels = True
    is_classifiable = True
    source_sha256 = factory.LazyAttribute(lambda it: sha256(("source", it.sop_instance_uid)))
    stored_sha256 = factory.LazyAttribute(lambda it: sha256(("stored", it.sop_instance_uid)))
    rendition_sha256 = factory.SelfAttribute("stored_sha256")
    thumbnail_sha256 = factory.LazyAttribute(lambda it: sha256(("thumb", it.sop_instance_uid)))
    frame_ranges = factory.LazyFunction(lambda: [[[0, 12]]])
    metadata = factory.LazyAttribute(
        lambda it: {
            "00080018": {"vr": "UI", "Value": [it.sop_instance_uid]},
            "00100010": {"vr": "PN", "Value": [{"Alphabetic": it.series.study.patient.name}]},
            "00280010": {"vr": "US", "Value": [2]},
        }
    )


class CaseFactory(DjangoModelFactory):
    """A case of one study with one instance; `instance=None` leaves the instance out."""

    class Meta:
        model = cases.Case
        skip_postgeneration_save = True

    project = factory.SubFactory(ProjectFactory)
    study = factory.SubFactory(StudyFactory)
    random_order = factory.Sequence(lambda n: (n % 100) / 100)

    @factory.post_generation
    def instance(self, create, extracted, **kwargs):
        if create and extracted is None:
            made = InstanceFactory(series__study=self.study, **kwargs)
            CaseInstanceFactory(case=self, instance=made)


class CaseInstanceFactory(DjangoModelFactory):
    class Meta:
        model = cases.CaseInstance

    case = factory.SubFactory(CaseFactory)
    instance = factory.SubFactory(InstanceFactory)


class AssignmentFactory(DjangoModelFactory):
    class Meta:
        model = cases.Assignment

    case = factory.SubFactory(CaseFactory)
    user = factory.SubFactory(UserFactory)
    role = cases.Role.ANNOTATOR


class IngestFailureFactory(DjangoModelFactory):
    class Meta:
        model = cases.IngestFailure

    project = factory.SubFactory(ProjectFactory)
    file_name = factory.Sequence(lambda n: f"broken{n}.dcm")
    code = "not_dicom"
    source_sha256 = factory.Sequence(lambda n: sha256(("failure", n)))
    size_bytes = 10
    uploaded_by = factory.SubFactory(UserFactory)


class ImageAccessFactory(DjangoModelFactory):
    class Meta:
        model = cases.ImageAccess

    user = factory.SubFactory(UserFactory)
    study = factory.SubFactory(StudyFactory)
    login_sha256 = factory.Sequence(lambda n: sha256(("login", n)))


class InvitationFactory(DjangoModelFactory):
    """An invitation by an admin of the project; `token` is what the link would hold."""

    class Meta:
        model = Invitation
        exclude = ("token",)

    token = factory.LazyFunction(token_new)
    project = factory.SubFactory(ProjectFactory)
    roles = factory.LazyFunction(lambda: ["radiologist"])
    token_sha256 = factory.LazyAttribute(lambda it: sha256(it.token))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))

    @factory.lazy_attribute
    def created_by(self):
        return MembershipFactory(project=self.project, role=cases.Role.ADMIN).user


class PasswordResetFactory(DjangoModelFactory):
    """A link with which a person sets a new password; without `created_by`: the server's own."""

    class Meta:
        model = PasswordReset
        exclude = ("token",)

    token = factory.LazyFunction(token_new)
    user = factory.SubFactory(UserFactory)
    token_sha256 = factory.LazyAttribute(lambda it: sha256(it.token))
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=24))


class AuditEventFactory(DjangoModelFactory):
    class Meta:
        model = cases.AuditEvent

    actor = factory.SubFactory(UserFactory)
    action = "thing.done"
    target_type = "case"
    target_id = factory.LazyFunction(lambda: str(uuid.uuid4()))


class AuditSealFactory(DjangoModelFactory):
    class Meta:
        model = cases.AuditSeal

    sequence = factory.Sequence(lambda n: n + 1)
    event = factory.SubFactory(AuditEventFactory)
    previous_sha256 = "0" * 64
    sha256 = factory.Sequence(lambda n: sha256(("seal", n)))


class IdempotencyKeyFactory(DjangoModelFactory):
    class Meta:
        model = cases.IdempotencyKey

    user = factory.SubFactory(UserFactory)
    key = factory.LazyFunction(lambda: uuid.uuid4().hex)
    route = "review-sign"
    body_sha256 = sha256("body")
    status = 200
    answer = factory.LazyFunction(dict)


class ModelVersionFactory(DjangoModelFactory):
    """A model of two softmax outputs; its spec names one finding, `pneumonia`."""

    class Meta:
        model = inference.ModelVersion

    name = factory.Sequence(lambda n: f"model-{n}")
    version = "1"
    spec = factory.LazyAttribute(
        lambda it: {
            "name": it.name,
            "version": it.version,
            "architecture": "resnet18",
            "architecture_options": {},
            "weights": {"file": "weights.safetensors", "sha256": sha256(it.name), "key_map": None},
            "activation": "softmax",
            "outputs": [
                {"code": "normal", "finding": None},
                {"code": "pneumonia", "finding": "pneumonia"},
            ],
            "exclusive_groups": [[0, 1]],
            "thresholds": {"pneumonia": 0.5},
            "preprocess": {
                "channels": 3,
                "size": [32, 32],
                "resize": "stretch",
                "mean": 127.5,
                "std": 127.5,
            },
            "applicability": {
                "modality": ["DX"],
                "body_part": ["CHEST"],
                "view": [],
                "pixel_spacing_mm": None,
            },
            "aggregation": "max",
            "evidence_scale": {},
            "licence": "CC0-1.0",
            "intended_use": "tests",
            "training_data": "none",
        }
    )
    spec_sha256 = factory.LazyAttribute(lambda it: sha256(("spec", it.name, it.version)))
    weights_sha256 = factory.LazyAttribute(lambda it: sha256(("weights", it.name, it.version)))
    model_sha256 = factory.LazyAttribute(lambda it: sha256(("model", it.name, it.version)))
    preprocess_sha256 = sha256("preprocess")
    has_class_maps = True


class CalibrationFactory(DjangoModelFactory):
    class Meta:
        model = inference.Calibration

    model_version = factory.SubFactory(ModelVersionFactory)
    temperature = 1.5
    source_name = "validation.csv"
    source_sha256 = sha256("validation.csv")
    sample_count = 100


class DeploymentFactory(DjangoModelFactory):
    class Meta:
        model = inference.Deployment

    project = factory.SubFactory(ProjectFactory)
    model_version = factory.SubFactory(ModelVersionFactory)
    sequence = 1
    kind = inference.Deployment.Kind.PROMOTE


class TrainingRunFactory(DjangoModelFactory):
    """A queued run of the head; its manifest is not stored."""

    class Meta:
        model = inference.TrainingRun

    project = factory.SubFactory(ProjectFactory)
    parent = factory.SubFactory(ModelVersionFactory)
    model_name = factory.SelfAttribute("parent.name")
    number = factory.Sequence(lambda n: n + 1)
    snapshot_id = factory.LazyFunction(uuid.uuid4)
    manifest_sha256 = factory.Sequence(lambda n: sha256(("manifest", n)))
    config = factory.LazyFunction(RunConfig().to_json)
    seed = 1
    request_sha256 = factory.Sequence(lambda n: sha256(("request", n)))
    requested_by = factory.SubFactory(UserFactory)


class EvaluationFactory(DjangoModelFactory):
    """A model on the locked test part of a run, without a label there."""

    class Meta:
        model = inference.Evaluation

    run = factory.SubFactory(TrainingRunFactory)
    model_version = factory.SelfAttribute("run.parent")
    project = factory.SelfAttribute("run.project")
    manifest_sha256 = factory.SelfAttribute("run.manifest_sha256")
    part = "test"
    temperature = 1.0
    metrics = factory.LazyFunction(dict)


class CasePredictionFactory(DjangoModelFactory):
    class Meta:
        model = inference.CasePrediction

    case = factory.SubFactory(CaseFactory)
    model_version = factory.SubFactory(ModelVersionFactory)
    state = inference.CasePrediction.State.DONE
    probabilities = factory.LazyFunction(lambda: {"pneumonia": 0.9})
    thresholds = factory.LazyFunction(lambda: {"pneumonia": 0.5})
    urgency = 0.8
    top_finding = "pneumonia"
    top_probability = 0.9


class PredictionFactory(DjangoModelFactory):
    """A finished prediction of the case's first instance with a 2 × 1 × 1 class map."""

    class Meta:
        model = inference.Prediction

    case_prediction = factory.SubFactory(CasePredictionFactory)
    instance = factory.LazyAttribute(lambda it: it.case_prediction.case.instances.first())
    model_version = factory.SelfAttribute("case_prediction.model_version")
    state = inference.Prediction.State.DONE
    logits = factory.LazyFunction(lambda: [-1.0, 1.0])
    biases = factory.LazyFunction(lambda: [0.0, 0.0])
    probabilities = factory.LazyFunction(lambda: [0.1, 0.9])
    maps = b"\x00\xbc\x00\x3c"  # float16 -1.0 and 1.0
    map_shape = factory.LazyFunction(lambda: [2, 1, 1])
    image_to_grid = factory.LazyFunction(lambda: [1 / 3, 0.0, 0.0, 0.0, 0.5, 0.0])
    model_sha256 = factory.SelfAttribute("model_version.model_sha256")
    preprocess_sha256 = factory.SelfAttribute("model_version.preprocess_sha256")


class ReviewFactory(DjangoModelFactory):
    class Meta:
        model = Review

    case = factory.SubFactory(CaseFactory)
    reader = factory.SubFactory(UserFactory)


class SignedReviewFactory(ReviewFactory):
    """A review signed just now, which may still be withdrawn."""

    state = Review.State.SIGNED
    version = 1
    signed_at = factory.LazyFunction(timezone.now)


class RoiRevisionFactory(DjangoModelFactory):
    """The first revision of a triangle on the case's first image."""

    class Meta:
        model = RoiRevision

    review = factory.SubFactory(ReviewFactory)
    roi_id = factory.LazyFunction(uuid.uuid4)
    number = 1
    finding = factory.SubFactory(
        FindingFactory, project=factory.SelfAttribute("..review.case.project")
    )
    instance = factory.LazyAttribute(lambda it: it.review.case.instances.first())
    kind = RoiRevision.Kind.FREEHAND
    vertices = factory.LazyFunction(lambda: [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    author = factory.SelfAttribute("review.reader")
    ai_visible = False
    spacing_kind = "none"


class FirstImpressionFactory(DjangoModelFactory):
    class Meta:
        model = FirstImpression

    case = factory.SubFactory(CaseFactory)
    reader = factory.SubFactory(UserFactory)
    policy = factory.LazyAttribute(lambda it: it.case.project.policies.first())
    trigger = FirstImpression.Trigger.LOCKED
    decisions = factory.LazyFunction(list)
    rois = factory.LazyFunction(list)
    saw_signed_review = False
    content_sha256 = sha256("impression")


class WithdrawalFactory(DjangoModelFactory):
    class Meta:
        model = Withdrawal

    review = factory.SubFactory(SignedReviewFactory, state=Review.State.WITHDRAWN)
    reader = factory.SelfAttribute("review.reader")


class SecondSignatureFactory(DjangoModelFactory):
    class Meta:
        model = SecondSignature

    review = factory.SubFactory(SignedReviewFactory)
    signer = factory.SubFactory(UserFactory)
    content_sha256 = sha256("content")


class CriticalAcknowledgementFactory(DjangoModelFactory):
    class Meta:
        model = CriticalAcknowledgement

    review = factory.SubFactory(SignedReviewFactory, is_critical=True)
    acknowledged_by = factory.SubFactory(UserFactory)
    informed = "ward 3"


class PhraseFactory(DjangoModelFactory):
    class Meta:
        model = Phrase

    project = factory.SubFactory(ProjectFactory)
    section = Phrase.Section.FINDINGS
    title = factory.Sequence(lambda n: f"Phrase {n}")
    text = "Both lungs are clear."


class ReviewDecisionFactory(DjangoModelFactory):
    class Meta:
        model = ReviewDecision

    review = factory.SubFactory(ReviewFactory)
    finding = factory.SubFactory(
        FindingFactory, project=factory.SelfAttribute("..review.case.project")
    )
    verdict = Verdict.REJECTED
    ai_probability = 0.9
    ai_threshold = 0.5


class QueueEntryFactory(DjangoModelFactory):
    class Meta:
        model = QueueEntry

    decision = factory.SubFactory(ReviewDecisionFactory)
    case = factory.SelfAttribute("decision.review.case")
    project = factory.SelfAttribute("case.project")
    finding = factory.SelfAttribute("decision.finding")
    reader = factory.SelfAttribute("decision.review.reader")
    kind = QueueEntry.Kind.CORRECTION
    label = False
    ai_probability = 0.9
    ai_threshold = 0.5
    ai_visible = True
    model_version = factory.SubFactory(ModelVersionFactory)


class QueueSampleFactory(DjangoModelFactory):
    """A draw of nothing; add QueueSampleEntryFactory for what it froze."""

    class Meta:
        model = learning.QueueSample

    project = factory.SubFactory(ProjectFactory)
    query = factory.LazyFunction(dict)
    drawn_by = factory.SubFactory(UserFactory)


class QueueSampleEntryFactory(DjangoModelFactory):
    class Meta:
        model = learning.QueueSampleEntry

    entry = factory.SubFactory(QueueEntryFactory)
    sample = factory.SubFactory(
        QueueSampleFactory, project=factory.SelfAttribute("..entry.project")
    )
    is_drawn = True


class QueueDecisionFactory(DjangoModelFactory):
    """The decision behind an entry's present state."""

    class Meta:
        model = learning.QueueDecision

    entry = factory.SubFactory(QueueEntryFactory)
    from_state = QueueEntry.State.WAITING
    to_state = QueueEntry.State.APPROVED
    way = learning.QueueDecision.Way.ONE
    actor = factory.SubFactory(UserFactory)
    change_token = factory.LazyFunction(uuid.uuid4)


class SplitAssignmentFactory(DjangoModelFactory):
    class Meta:
        model = learning.SplitAssignment

    project = factory.SubFactory(ProjectFactory)
    patient_sha256 = factory.Sequence(lambda n: sha256(("patient", n)))
    part = learning.Part.TRAIN


class SnapshotFactory(DjangoModelFactory):
    """An empty snapshot; its manifest is not stored."""

    class Meta:
        model = learning.Snapshot

    project = factory.SubFactory(ProjectFactory)
    number = factory.Sequence(lambda n: n + 1)
    manifest_sha256 = factory.Sequence(lambda n: sha256(("snapshot", n)))
    counts = factory.LazyFunction(dict)
    image_counts = factory.LazyFunction(lambda: {"train": 0, "validation": 0, "test": 0})
    left_out = factory.LazyFunction(dict)
    made_by = factory.SubFactory(UserFactory)


class SnapshotEntryFactory(DjangoModelFactory):
    class Meta:
        model = learning.SnapshotEntry

    snapshot = factory.SubFactory(SnapshotFactory)
    entry = factory.SubFactory(QueueEntryFactory)
    part = learning.Part.TRAIN
    label = False


class ReadingRoundFactory(DjangoModelFactory):
    class Meta:
        model = feedback.ReadingRound

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"Round {n}")
    state = "open"
    seed = factory.LazyFunction(lambda: sha256(uuid.uuid4()))
    made_by = factory.SubFactory(UserFactory)
    opened_at = factory.LazyFunction(timezone.now)


class RoundPolicyFactory(DjangoModelFactory):
    class Meta:
        model = feedback.RoundPolicy

    round = factory.SubFactory(ReadingRoundFactory)
    version = factory.Sequence(lambda n: n + 1)
    content = factory.LazyFunction(lambda: {"findings": [{"code": "nodule"}]})
    author = factory.SubFactory(UserFactory)


class GuidelineFactory(DjangoModelFactory):
    class Meta:
        model = feedback.Guideline

    round = factory.SubFactory(ReadingRoundFactory)
    version = factory.Sequence(lambda n: n + 1)
    text = "A nodule counts from 3 mm."
    author = factory.SubFactory(UserFactory)


class RoundMemberFactory(DjangoModelFactory):
    class Meta:
        model = feedback.RoundMember

    round = factory.SubFactory(ReadingRoundFactory)
    user = factory.SubFactory(UserFactory)
    role = "annotator"


class RoundCaseFactory(DjangoModelFactory):
    class Meta:
        model = feedback.RoundCase

    round = factory.SubFactory(ReadingRoundFactory)
    case = factory.SubFactory(CaseFactory, project=factory.SelfAttribute("..round.project"))
    readers = 2
    open_slots = 2
    unfinal = 2
    draw = factory.Sequence(lambda n: (n * 0.618) % 1)


class GoldAnswerFactory(DjangoModelFactory):
    class Meta:
        model = feedback.GoldAnswer

    round_case = factory.SubFactory(RoundCaseFactory, purpose="gold")
    content = factory.LazyFunction(dict)
    author = factory.SubFactory(UserFactory)


class ReadFactory(DjangoModelFactory):
    class Meta:
        model = feedback.Read

    round_case = factory.SubFactory(RoundCaseFactory)
    case = factory.SelfAttribute("round_case.case")
    reader = factory.SubFactory(UserFactory)
    kind = "annotator"
    pseudonym = factory.Sequence(lambda n: f"K{n:04}-AA")
    lease_until = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=30))


class ReadLockFactory(DjangoModelFactory):
    class Meta:
        model = feedback.ReadLock

    read = factory.SubFactory(ReadFactory)
    number = factory.Sequence(lambda n: n + 1)
    content = factory.LazyFunction(dict)
    content_sha256 = factory.Sequence(sha256)
    policy = factory.SubFactory(RoundPolicyFactory)
    guideline = factory.SubFactory(GuidelineFactory)
    active_s = 12.0


class LockTakenBackFactory(DjangoModelFactory):
    class Meta:
        model = feedback.LockTakenBack

    lock = factory.SubFactory(ReadLockFactory)


class ReadQuestionFactory(DjangoModelFactory):
    class Meta:
        model = feedback.ReadQuestion

    read = factory.SubFactory(ReadFactory)
    text = "Does a calcified granuloma count?"


class QuestionAnswerFactory(DjangoModelFactory):
    class Meta:
        model = feedback.QuestionAnswer

    question = factory.SubFactory(ReadQuestionFactory)
    guideline = factory.SubFactory(GuidelineFactory)


class ComparisonFactory(DjangoModelFactory):
    class Meta:
        model = feedback.Comparison

    round_case = factory.SubFactory(RoundCaseFactory)
    policy = factory.SubFactory(RoundPolicyFactory)
    is_concordant = True
    needs_arbitration = False
    detail = factory.LazyFunction(dict)


class ArbitrationFactory(DjangoModelFactory):
    class Meta:
        model = feedback.Arbitration

    round_case = factory.SubFactory(RoundCaseFactory)
    seat = 1


class ArbitrationDecisionFactory(DjangoModelFactory):
    class Meta:
        model = feedback.ArbitrationDecision

    arbitration = factory.SubFactory(ArbitrationFactory)
    finding = factory.SubFactory(FindingFactory)
    choice = "a"
    value = "present"
    reason = "overlooked"
    blind_value = "absent"


class ConsensusFactory(DjangoModelFactory):
    class Meta:
        model = feedback.Consensus

    round_case = factory.SubFactory(RoundCaseFactory)
    policy = factory.SubFactory(RoundPolicyFactory)
    method = "concordant"
    content_sha256 = factory.Sequence(sha256)


class ConsensusLabelFactory(DjangoModelFactory):
    class Meta:
        model = feedback.ConsensusLabel

    consensus = factory.SubFactory(ConsensusFactory)
    finding = factory.SubFactory(FindingFactory)
    value = "present"
    share_present = 1.0


class RoundReportFactory(DjangoModelFactory):
    class Meta:
        model = feedback.RoundReport

    round = factory.SubFactory(ReadingRoundFactory)
    cases = 2
    content = factory.LazyFunction(dict)
    content_sha256 = factory.Sequence(sha256)


class ExposureFactory(DjangoModelFactory):
    class Meta:
        model = cases.Exposure

    user = factory.SubFactory(UserFactory)
    kind = "project_role"
    project = factory.SubFactory(ProjectFactory)
