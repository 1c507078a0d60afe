"""Names the app of models and what they say of images."""

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """Inference: model versions, deployments, predictions."""

    name = "apps.inference"
    label = "inference"
    default_auto_field = "django.db.models.BigAutoField"
