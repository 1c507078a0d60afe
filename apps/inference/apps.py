"""Names the app of models and what they say of images."""

from django.apps import AppConfig


class InferenceConfig(AppConfig):
    """Inference: model versions, deployments, predictions."""

    name = "apps.inference"
    label = "inference"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers, which need the models."""
        from apps.inference import receivers  # noqa: F401
