"""The one home of permission and blindness: who may call what on which object, and see what *now*.

`TABLE` (apps.cases.permissions) has a row for every route and method; a route without one answers
404 and fails the tests.
Roles are memberships in projects; relations tie a route's arguments to the projects they belong to.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, Model, OuterRef, QuerySet, Subquery
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
from apps.cases.permissions import ADMINS as ADMINS
from apps.cases.permissions import ANYONE_LOGGED_IN as ANYONE_LOGGED_IN
from apps.cases.permissions import PUBLIC as PUBLIC
from apps.cases.permissions import RADIOLOGISTS as RADIOLOGISTS
from apps.cases.permissions import READERS as READERS
from apps.cases.permissions import ROLES_BY_ASSIGNMENT as ROLES_BY_ASSIGNMENT
from apps.cases.permissions import TABLE as TABLE
from apps.cases.permissions import Rule as Rule
from apps.errors import Conflict, NotAuthenticated, NotFound

Found = TypeVar("Found", bound=Model)
# Truthy lets in; a check that had to fetch the object gives it, for the view not to fetch it again.
RelationCheck = Callable[[User, frozenset[Role], Mapping[str, Any]], object]


def require(
    user: User | AnonymousUser,
    *,
    route: str,
    method: str,
    kwargs: Mapping[str, Any],
    relations: Mapping[str, RelationCheck],
) -> object:
    """Pass, or refuse without telling what exists; give what the rule's relation found.

    Raises
    ------
    NotFound : no rule for the route and method, or no relation that allows it
    NotAuthenticated : a rule that needs a login, and nobody is logged in
    """
    rule = TABLE.get(route, {}).get("GET" if method == "HEAD" else method)
    if rule is None:
        raise NotFound
    if rule.roles == PUBLIC:
        return None
    person = known(user)
    if not person.is_active:
        raise NotAuthenticated
    if rule.roles == ANYONE_LOGGED_IN:
        return None
    roles = frozenset(Role(role) for role in rule.roles)
    found = relations[rule.relation](person, roles, kwargs)
    if not found:
        raise NotFound
    return found


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


def found_by_table(request: HttpRequest | Request, kind: type[Found]) -> Found:
    """Give the object that the table's relation fetched to decide on this request.

    Raises
    ------
    NotFound : the route's relation finds no such object
    """
    plain = request._request if isinstance(request, Request) else request
    found = getattr(plain, "found_by_table", None)
    if not isinstance(found, kind):
        raise NotFound
    return found


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
