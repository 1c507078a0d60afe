"""The one home of permission and blindness: who may call what on which object, and see what *now*.

`TABLE` has a row for every route and method; a route without a row answers 404 and fails the tests.
Roles are memberships in projects; relations tie a route's arguments to the projects they belong to.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from rest_framework.request import Request

from apps.cases.headers import blinded_headers
from apps.cases.models import (
    Assignment,
    Case,
    CaseInstance,
    Instance,
    Membership,
    Patient,
    Project,
    ReadingPolicy,
    Role,
    Study,
    User,
)
from apps.errors import Conflict, NotAuthenticated, NotFound

RelationCheck = Callable[[User, frozenset[Role], Mapping[str, Any]], bool]

PUBLIC: Final = frozenset({"public"})
ANYONE_LOGGED_IN: Final = frozenset({"member"})
READERS: Final = frozenset({Role.RADIOLOGIST, Role.ADMIN})
RADIOLOGISTS: Final = frozenset({Role.RADIOLOGIST})
ADMINS: Final = frozenset({Role.ADMIN})
ARBITRATORS: Final = frozenset({Role.ARBITRATOR})
# An annotator or arbitrator sees a case only as a read of their own.
ROLES_BY_ASSIGNMENT: Final = frozenset({Role.ANNOTATOR, Role.ARBITRATOR})


@dataclass(frozen=True)
class Rule:
    """Who may: one of `roles` in a project that `relation` ties to the route's arguments."""

    roles: frozenset[str]
    relation: str = "none"


def _rules(roles: frozenset[Any], *methods: str, relation: str = "none") -> dict[str, Rule]:
    return {method: Rule(roles=frozenset(roles), relation=relation) for method in methods}


TABLE: Final[dict[str, dict[str, Rule]]] = {
    "app": _rules(PUBLIC, "GET"),
    "health": _rules(PUBLIC, "GET"),
    "csp-report": _rules(PUBLIC, "POST"),
    "session": _rules(PUBLIC, "GET") | _rules(ANYONE_LOGGED_IN, "PATCH"),
    "draft-key": _rules(ANYONE_LOGGED_IN, "GET"),
    "status": _rules(ANYONE_LOGGED_IN, "GET"),
    "projects": _rules(ANYONE_LOGGED_IN, "GET") | _rules(ADMINS, "POST", relation="anywhere"),
    "projects-administered": _rules(ADMINS, "GET", relation="administered"),
    "project-settings": _rules(ADMINS, "GET", "PATCH", relation="administered"),
    "project-policies": _rules(ADMINS, "POST", relation="administered"),
    "project-findings": _rules(ADMINS, "POST", relation="administered"),
    "project-finding": _rules(ADMINS, "PATCH", relation="administered"),
    "members": _rules(ADMINS, "GET", relation="project"),
    "member-role": _rules(ADMINS, "PUT", "DELETE", relation="member"),
    "member-deactivate": _rules(ADMINS, "POST", relation="member"),
    "member-activate": _rules(ADMINS, "POST", relation="member"),
    "member-reset-link": _rules(ADMINS, "POST", relation="member"),
    "invitations": _rules(ADMINS, "GET", "POST", relation="project"),
    "invitation-revoke": _rules(ADMINS, "POST", relation="project"),
    # Who holds a one-time link holds its token, and sends it in the body: nothing else opens these.
    "join-look": _rules(PUBLIC, "POST"),
    "join": _rules(PUBLIC, "POST"),
    "join-as-me": _rules(ANYONE_LOGGED_IN, "POST"),
    "reset-look": _rules(PUBLIC, "POST"),
    "reset": _rules(PUBLIC, "POST"),
    "audit": _rules(ADMINS, "GET", relation="project"),
    "audit-verify": _rules(ADMINS, "POST", relation="project"),
    "system": _rules(ADMINS, "GET", relation="anywhere"),
    "worklist": _rules(READERS, "POST", relation="project"),
    "case-review": _rules(READERS, "GET", relation="case"),
    "review-draft": _rules(RADIOLOGISTS, "PUT", relation="case"),
    "review-sign": _rules(RADIOLOGISTS, "POST", relation="case"),
    "review-addendum": _rules(RADIOLOGISTS, "POST", relation="case"),
    "review-withdraw": _rules(RADIOLOGISTS, "POST", relation="case"),
    "second-signature": _rules(RADIOLOGISTS, "POST", relation="case"),
    "critical-acknowledge": _rules(RADIOLOGISTS, "POST", relation="case"),
    "ai-reveal": _rules(RADIOLOGISTS, "POST", relation="case"),
    "case-claim": _rules(RADIOLOGISTS, "POST", "DELETE", relation="case"),
    "case-prior": _rules(READERS, "GET", relation="case"),
    "case-history": _rules(READERS, "GET", relation="case"),
    "phrases": _rules(READERS, "GET", "POST", relation="project"),
    "phrase": _rules(READERS, "DELETE", relation="phrase"),
    "case-predict": _rules(READERS, "POST", relation="case"),
    "project-predict": _rules(ADMINS, "POST", relation="project"),
    "prediction-maps": _rules(READERS, "GET", relation="prediction"),
    "prediction-retry": _rules(ADMINS, "POST", relation="prediction-job"),
    "stuck-predictions": _rules(ADMINS, "GET", relation="project"),
    "stuck-predictions-retry": _rules(ADMINS, "POST", relation="project"),
    "upload": _rules(READERS, "POST", relation="project"),
    "ingest-failures": _rules(ADMINS, "GET", relation="project"),
    "ingest-failure-resolve": _rules(ADMINS, "POST", relation="project"),
    "queue-entries": _rules(ADMINS, "GET", relation="project"),
    "queue-exclude": _rules(ADMINS, "POST", relation="project"),
    "queue-entry-approve": _rules(ADMINS, "POST", relation="queue-entry"),
    "queue-entry-exclude": _rules(ADMINS, "POST", relation="queue-entry"),
    "queue-entry-take-back": _rules(ADMINS, "POST", relation="queue-entry"),
    "queue-samples": _rules(ADMINS, "POST", relation="project"),
    "queue-sample": _rules(ADMINS, "GET", relation="queue-sample"),
    "queue-sample-approve": _rules(ADMINS, "POST", relation="queue-sample"),
    "snapshots": _rules(ADMINS, "GET", "POST", relation="project"),
    "snapshot-preview": _rules(ADMINS, "GET", relation="project"),
    "snapshot": _rules(ADMINS, "GET", relation="snapshot"),
    "models": _rules(ADMINS, "GET", relation="project"),
    "model-promote": _rules(ADMINS, "POST", relation="project"),
    "model-rollback": _rules(ADMINS, "POST", relation="project"),
    "runs": _rules(ADMINS, "GET", "POST", relation="project"),
    "run": _rules(ADMINS, "GET", relation="run"),
    "run-cancel": _rules(ADMINS, "POST", relation="run"),
    "run-resume": _rules(ADMINS, "POST", relation="run"),
    "label-rounds": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="anywhere"),
    "label-next": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="label-member"),
    "label-reads": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="label-member"),
    "label-guideline": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="label-member"),
    "label-guideline-picture": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="label-member"),
    "read": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="read"),
    "read-draft": _rules(ROLES_BY_ASSIGNMENT, "PUT", relation="read"),
    "read-lock": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
    "read-take-back": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
    "read-skip": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
    "read-recuse": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
    "read-question": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
    "read-heartbeat": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
    "read-result": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="read"),
    "read-metadata": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="read"),
    "read-frame": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="read"),
    "read-thumbnail": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="read"),
    "arbitration": _rules(ARBITRATORS, "GET", relation="arbitration"),
    "arbitration-draft": _rules(ARBITRATORS, "PUT", relation="arbitration"),
    "arbitration-decide": _rules(ARBITRATORS, "POST", relation="arbitration"),
    "wado-study-metadata": _rules(READERS, "GET", relation="study"),
    "wado-series-metadata": _rules(READERS, "GET", relation="study"),
    "wado-instance-metadata": _rules(READERS, "GET", relation="study"),
    "wado-frame": _rules(READERS, "GET", relation="study"),
    "wado-thumbnail": _rules(READERS, "GET", relation="study"),
    "wado-instance": _rules(READERS, "GET", relation="study"),
    # allauth headless (browser client): it guards itself; closed sign-up, rate-limited login.
    "headless:browser:account:login": _rules(PUBLIC, "POST"),
    "headless:browser:account:current_session": _rules(PUBLIC, "GET", "DELETE"),
    "headless:browser:config": _rules(PUBLIC, "GET"),
}


def require(
    user: User | AnonymousUser,
    *,
    route: str,
    method: str,
    kwargs: Mapping[str, Any],
    relations: Mapping[str, RelationCheck],
) -> None:
    """Pass, or refuse without telling what exists.

    Raises
    ------
    NotFound : no rule for the route and method, or no relation that allows it
    NotAuthenticated : a rule that needs a login, and nobody is logged in
    """
    rule = TABLE.get(route, {}).get("GET" if method == "HEAD" else method)
    if rule is None:
        raise NotFound
    if rule.roles == PUBLIC:
        return
    person = known(user)
    if not person.is_active:
        raise NotAuthenticated
    if rule.roles == ANYONE_LOGGED_IN:
        return
    roles = frozenset(Role(role) for role in rule.roles)
    if not relations[rule.relation](person, roles, kwargs):
        raise NotFound


def known(user: User | AnonymousUser) -> User:
    """Give the logged-in person behind a request.

    Raises
    ------
    NotAuthenticated : nobody is logged in
    """
    if not isinstance(user, User):
        raise NotAuthenticated
    return user


def person(request: HttpRequest | Request) -> User:
    """Name who calls a route that needs a login: the table has let nobody else through.

    Raises
    ------
    NotAuthenticated : the route's rule is public, and nobody is logged in
    """
    user = request.user
    if not isinstance(user, User):
        raise NotAuthenticated
    return user


def roles_in(user: User, project: Project) -> frozenset[Role]:
    """List the roles of a person in a project."""
    held = Membership.objects.filter(user=user, project=project, project__is_active=True)
    return frozenset(Role(role) for role in held.values_list("role", flat=True))


def projects_visible_to(user: User, roles: frozenset[Role] = frozenset(Role)) -> QuerySet[Project]:
    """Select the active projects in which a person has one of the roles."""
    held = Membership.objects.filter(user=user, project=OuterRef("pk"), role__in=roles)
    return Project.objects.filter(Exists(held), is_active=True)


def projects_administered_by(user: User) -> QuerySet[Project]:
    """Select the projects of which a person is admin, also those that are switched off."""
    held = Membership.objects.filter(user=user, project=OuterRef("pk"), role=Role.ADMIN)
    return Project.objects.filter(Exists(held))


def accounts_managed_by(admin: User) -> QuerySet[User]:
    """Select the accounts whose password this admin may reset and which they may switch off.

    All of a person's projects must be the admin's too: whoever sets a password can log in with it,
    and must not come into a project that way. The projects that are switched off count as well.
    """
    administered = projects_administered_by(admin)
    memberships = Membership.objects.filter(user=OuterRef("pk"))
    foreign = memberships.exclude(project__in=administered)
    return User.objects.filter(~Exists(foreign), Exists(memberships))


def reads_something_blinded(user: User, project: Project) -> bool:
    """Tell whether others' and the AI's answers on any case of a project are kept from a person."""
    return Assignment.objects.filter(
        user=user,
        role__in=ROLES_BY_ASSIGNMENT,
        released_at__isnull=True,
        case__study__patient__studies__cases__project=project,
    ).exists()


def cases_visible_to(user: User, roles: frozenset[Role] = READERS) -> QuerySet[Case]:
    """Select the cases that a person may open in one of the roles.

    Radiologists and admins see every case of their projects. Annotators and arbitrators open none:
    they see a case only as a read of their own (apps.feedback.labeling).
    """
    held = Membership.objects.filter(
        user=user, project=OuterRef("project"), project__is_active=True, role__in=roles & READERS
    )
    return Case.objects.filter(Exists(held))


def instances_visible_to(user: User) -> QuerySet[Instance]:
    """Select the instances that arrived for a case this person may open."""
    links = CaseInstance.objects.filter(instance=OuterRef("pk"), case__in=cases_visible_to(user))
    return Instance.objects.filter(Exists(links))


def reads_blinded(user: User, patient: Patient) -> bool:
    """Tell whether this person reads a study of the patient as annotator or arbitrator, anywhere.

    Until what was read is released: the patient's other studies, and the same study in another
    project, would tell the answer too.
    """
    return Assignment.objects.filter(
        user=user,
        role__in=ROLES_BY_ASSIGNMENT,
        released_at__isnull=True,
        case__study__patient=patient,
    ).exists()


def headers_visible_to(user: User, study: Study) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Give the function that leaves of a header what this person may see: all, or what draws."""
    if reads_blinded(user, study.patient):
        return blinded_headers
    return _whole_header


def policy_of(project: Project) -> ReadingPolicy:
    """Give the reading policy in force.

    Raises
    ------
    Conflict : the project has no policy, so nothing may be read in it
    """
    versions: list[ReadingPolicy] = sorted(project.policies.all(), key=lambda each: each.version)
    if not versions:
        raise Conflict("The project has no reading policy.", code="no_reading_policy")
    return versions[-1]


def sees_ai(user: User, case: Case) -> bool:
    """Tell whether AI output of a case may reach this person *now*.

    Never for a person who reads the case blinded; for others as the project's policy says, and not
    before they may see it of the same study in another project.
    """
    if not roles_in(user, case.project) & READERS or reads_blinded(user, case.study.patient):
        return False
    if policy_of(case.project).ai_display == ReadingPolicy.AiDisplay.FROM_START:
        return not _hidden_cases(user).filter(study=case.study_id).exists()
    return case.assignments.filter(user=user, ai_revealed_at__isnull=False).exists()


def sees_ai_everywhere(user: User, project: Project) -> bool:
    """Tell whether AI output may decide the order, rows and counts of a person's worklist.

    It may not if AI must be hidden of a single case there: the order of the others would tell.
    """
    if policy_of(project).ai_display != ReadingPolicy.AiDisplay.FROM_START:
        return False
    if reads_something_blinded(user, project):
        return False
    return not _hidden_cases(user).filter(study__cases__project=project).exists()


def _hidden_cases(user: User) -> QuerySet[Case]:
    """Select the cases that this person reviews and of which no AI output was revealed to them."""
    policies = ReadingPolicy.objects.filter(project=OuterRef("project")).order_by("-version")
    revealed = Assignment.objects.filter(
        user=user, case=OuterRef("pk"), ai_revealed_at__isnull=False
    )
    return (
        cases_visible_to(user, RADIOLOGISTS)
        .alias(ai_display=Subquery(policies.values("ai_display")[:1]))
        .exclude(ai_display=ReadingPolicy.AiDisplay.FROM_START)
        .filter(~Exists(revealed))
    )


def _project_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    return projects_visible_to(user, roles).filter(pk=kwargs["project_id"]).exists()


def _anywhere_relation(
    user: User,
    roles: frozenset[Role],
    kwargs: Mapping[str, Any],  # noqa: ARG001  the signature of a relation
) -> bool:
    return projects_visible_to(user, roles).exists()


def _administered_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Reach a project that is switched off too: somebody must be able to switch it on again."""
    held = Membership.objects.filter(user=user, role__in=roles)
    if "project_id" in kwargs:
        held = held.filter(project=kwargs["project_id"])
    return held.exists()


def _member_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Tie a person to a project of which they are a member: nobody else's account may be named."""
    named = Membership.objects.filter(user=kwargs["user_id"], project=kwargs["project_id"])
    return _project_relation(user, roles, kwargs) and named.exists()


def _case_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    return cases_visible_to(user, roles).filter(pk=kwargs["case_id"]).exists()


def _study_relation(user: User, roles: frozenset[Role], kwargs: Mapping[str, Any]) -> bool:
    """Tie a DICOMweb path to a case; series and instance must lie in the study of the path."""
    links = CaseInstance.objects.filter(
        case__in=cases_visible_to(user, roles),
        case__study__study_instance_uid=kwargs["study"],
    )
    if "series" in kwargs:
        links = links.filter(instance__series__series_instance_uid=kwargs["series"])
    if "sop" in kwargs:
        links = links.filter(instance__sop_instance_uid=kwargs["sop"])
    return links.exists()


def _whole_header(metadata: dict[str, Any]) -> dict[str, Any]:
    return metadata


RELATIONS: Final[dict[str, RelationCheck]] = {
    "project": _project_relation,
    "anywhere": _anywhere_relation,
    "administered": _administered_relation,
    "member": _member_relation,
    "case": _case_relation,
    "study": _study_relation,
}
