"""The table of permissions: a row for every route and method; whatever has no row answers 404."""

from dataclasses import dataclass
from typing import Any, Final

from apps.cases.models import Role

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
    "rounds": _rules(ADMINS, "GET", "POST", relation="project"),
    "round-setup": _rules(ADMINS, "GET", relation="label-round"),
    "round-policy": _rules(ADMINS, "POST", relation="label-round"),
    "round-guideline": _rules(ADMINS, "POST", relation="label-round"),
    "round-guideline-pictures": _rules(ADMINS, "POST", relation="label-round"),
    "round-guideline-picture": _rules(ADMINS, "GET", relation="label-round"),
    "round-members": _rules(ADMINS, "POST", relation="label-round"),
    "round-member": _rules(ADMINS, "PATCH", relation="label-round"),
    "round-cases": _rules(ADMINS, "GET", "POST", relation="label-round"),
    "round-cases-remove": _rules(ADMINS, "POST", relation="label-round"),
    "round-known-cases": _rules(ADMINS, "POST", relation="label-round"),
    "round-case-readers": _rules(ADMINS, "POST", relation="label-round"),
    "round-case-cancel": _rules(ADMINS, "POST", relation="label-round"),
    "round-case-reopen": _rules(ADMINS, "POST", relation="label-round"),
    "round-case-reassign": _rules(ADMINS, "POST", relation="label-round"),
    "round-open": _rules(ADMINS, "POST", relation="label-round"),
    "round-close": _rules(ADMINS, "POST", relation="label-round"),
    "round-cancel": _rules(ADMINS, "POST", relation="label-round"),
    "round-release": _rules(ADMINS, "POST", relation="label-round"),
    "round-progress": _rules(ADMINS, "GET", relation="label-round"),
    "round-questions": _rules(ADMINS, "GET", relation="label-round"),
    "round-question-answer": _rules(ADMINS, "POST", relation="label-round"),
    "round-statistics": _rules(ADMINS, "GET", "POST", relation="label-round"),
    "round-export-csv": _rules(ADMINS, "GET", relation="label-round"),
    "round-export-json": _rules(ADMINS, "GET", relation="label-round"),
    "round-certificate": _rules(ADMINS, "GET", relation="label-round"),
    "label-rounds": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="anywhere"),
    "label-next": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="label-member"),
    "label-reads": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="label-member"),
    "label-guideline": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="label-member"),
    "label-guideline-picture": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="label-member"),
    "read": _rules(ROLES_BY_ASSIGNMENT, "GET", relation="read"),
    "read-open": _rules(ROLES_BY_ASSIGNMENT, "POST", relation="read"),
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
