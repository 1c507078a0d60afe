"""Names the lowest app: studies, people and who may see what."""

from django.apps import AppConfig


class CasesConfig(AppConfig):
    """Cases: users, projects, studies, assignments, audit."""

    name = "apps.cases"
    label = "cases"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the receivers."""
        from apps.cases import receivers  # noqa: F401  models must be loaded first
