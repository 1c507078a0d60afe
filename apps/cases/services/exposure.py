"""Who has been able to learn what, once and for all (labeling.md section 2, I3 and I8)."""

from apps.cases.models import Case, Exposure, Project, User


def exposure_record(
    user: User, *, kind: Exposure.Kind, case: Case | None = None, project: Project | None = None
) -> None:
    """Note in the ledger that a person could learn of a case, or of all cases of a project.

    Call it inside the transaction of the act that shows it; noting it twice changes nothing.
    """
    Exposure.objects.get_or_create(user=user, kind=kind, case=case, project=project)
