"""Routes of readers and arbitrators: everything hangs on a read, a round or a seat of their own."""

from django.urls import path

from apps.feedback.labeling.api import arbitrations, images, own_rounds, pictures, reads

ROUND = "api/label-rounds/<uuid:round_id>"
READ = "api/reads/<uuid:read_id>"
STUDY = f"{READ}/dicomweb/studies/<uid:study>"
INSTANCE = f"{STUDY}/series/<uid:series>/instances/<uid:sop>"
SEAT = "api/arbitrations/<uuid:arbitration_id>"

urlpatterns = [
    path("api/label-rounds", own_rounds.LabelRoundsView.as_view(), name="label-rounds"),
    path(f"{ROUND}/next", own_rounds.LabelRoundNextView.as_view(), name="label-next"),
    path(f"{ROUND}/my-reads", own_rounds.LabelRoundReadsView.as_view(), name="label-reads"),
    path(
        f"{ROUND}/guideline", own_rounds.LabelRoundGuidelineView.as_view(), name="label-guideline"
    ),
    path(
        f"{ROUND}/guideline-pictures/<slug:sha256>",
        pictures.guideline_picture,
        name="label-guideline-picture",
    ),
    path(READ, reads.ReadView.as_view(), name="read"),
    path(f"{READ}/open", reads.ReadOpenView.as_view(), name="read-open"),
    path(f"{READ}/draft", reads.ReadDraftView.as_view(), name="read-draft"),
    path(f"{READ}/lock", reads.ReadLockView.as_view(), name="read-lock"),
    path(f"{READ}/take-back", reads.ReadTakeBackView.as_view(), name="read-take-back"),
    path(f"{READ}/skip", reads.ReadSkipView.as_view(), name="read-skip"),
    path(f"{READ}/recuse", reads.ReadRecuseView.as_view(), name="read-recuse"),
    path(f"{READ}/question", reads.ReadQuestionView.as_view(), name="read-question"),
    path(f"{READ}/heartbeat", reads.ReadHeartbeatView.as_view(), name="read-heartbeat"),
    path(f"{READ}/result", reads.ReadResultView.as_view(), name="read-result"),
    path(f"{STUDY}/metadata", images.metadata, name="read-metadata"),
    path(f"{INSTANCE}/frames/<frames:numbers>", images.frames, name="read-frame"),
    path(f"{INSTANCE}/thumbnail", images.thumbnail, name="read-thumbnail"),
    path(SEAT, arbitrations.ArbitrationView.as_view(), name="arbitration"),
    path(f"{SEAT}/draft", arbitrations.ArbitrationDraftView.as_view(), name="arbitration-draft"),
    path(f"{SEAT}/decide", arbitrations.ArbitrationDecideView.as_view(), name="arbitration-decide"),
]
