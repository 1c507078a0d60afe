"""Names the app of what people decide: review, labeling, learning."""

from django.apps import AppConfig


class FeedbackConfig(AppConfig):
    """Feedback: reviews and the retraining queue."""

    name = "apps.feedback"
    label = "feedback"
    default_auto_field = "django.db.models.BigAutoField"
