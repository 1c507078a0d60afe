"""Names the app of explanations asked for on demand; class maps ride with each prediction."""

from django.apps import AppConfig


class ExplainConfig(AppConfig):
    """Explain: maps beyond the class maps that each prediction carries."""

    name = "apps.explain"
    label = "explain"
    default_auto_field = "django.db.models.BigAutoField"
