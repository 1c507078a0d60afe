"""Before the first impression is locked, nothing that a reviewer can observe depends on the model.

One world is asked for everything; then the model has said something else, in every way in which it
can; then everything is asked again, by the same person in a fresh login. Not a byte, a header, a
status or the number of queries may differ. To show that the comparison has teeth, each channel is
made to leak, and each leak must be noticed.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.test import Client
from django.utils import timezone

from apps.cases import access
from apps.cases.dicomweb import server
from apps.feedback.review.api import reading
from apps.feedback.review.selectors import payload, priors, versions, worklist
from apps.inference import access as inference_access
from apps.inference import api as inference_api
from apps.inference.models import CasePrediction
from tests import factories as make
from tests.feedback import acts, worlds
from tests.feedback.worlds import Observation, World, differences

Ask = Callable[[Client], Observation]

# Where the model was never asked, its rows are not there to be refused, and asking makes them.
UNASKED = ("prediction-maps", "case-predict")
# Where AI output of one case is to be found once it may be seen.
CHANNELS = {"case-review", "case-history", "prediction-maps"}


@pytest.fixture
def world(db, log_in, page, tmp_path, settings, monkeypatch) -> Iterator[World]:
    clock = worlds.Clock()
    monkeypatch.setattr(timezone, "now", clock)
    made = worlds.build_world(log_in, tmp_path, settings)
    clock.stands = True
    return made


@pytest.fixture
def told_apart(world, log_in) -> Callable[..., list[str]]:
    """Ask in this world and in the other; give the requests that differ."""

    def compare(ask: Ask, *, variant: str = "mixed") -> list[str]:
        before = ask(log_in(world.reviewer))
        with transaction.atomic():
            worlds.say_otherwise(world, variant)
            after = ask(log_in(world.reviewer))
            transaction.set_rollback(True)
        left_out = UNASKED if variant == "no answer" else ()
        return differences(before, after, but_queries_of=left_out)

    return compare


def everything_of(world: World, *names: str, only: tuple[str, ...] = ()) -> Ask:
    return lambda client: worlds.observe(world, client, only=only, of=names)


# --- the case itself, quickly --------------------------------------------------------------------


def test_nothing_of_the_case_tells_what_the_model_said(world, told_apart):
    assert told_apart(everything_of(world, "case")) == []


def test_no_act_on_the_case_tells_what_the_model_said(world, told_apart):
    assert told_apart(lambda client: worlds.attempt(world, client, of=["case"])) == []


def test_what_is_asked_for_is_there(world, log_in):
    """A comparison of refusals would prove nothing."""
    seen = worlds.observe(world, log_in(world.reviewer), of=["case", "signed"])
    granted = {request.split()[1] for request, answer in seen.items() if answer.status == 200}
    assert granted >= {
        *("case-review", "case-prior", "case-history", "phrases", "worklist", "session", "status"),
        *("projects", "draft-key", "app", "health", "headless:browser:config"),
        *("wado-study-metadata", "wado-series-metadata", "wado-instance-metadata"),
        *("wado-frame", "wado-thumbnail", "wado-instance"),
    }
    case = seen["GET case-review case"].body
    signed = seen["GET case-review signed"].body
    assert b'"version":1' in seen["GET case-prior case"].body
    assert b'"version":2' in signed
    assert b'"next_case_id":"' in case
    assert seen["GET prediction-maps case"].status == 404


# --- everything, in every way --------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.parametrize("variant", [each for each in worlds.VARIANTS if each != "mixed"])
def test_nothing_at_all_tells_what_the_model_said(world, told_apart, variant):
    assert told_apart(everything_of(world), variant=variant) == []


@pytest.mark.full
@pytest.mark.parametrize("variant", ["mixed", "no answer", "another champion"])
def test_no_act_at_all_tells_what_the_model_said(world, told_apart, variant):
    assert told_apart(lambda client: worlds.attempt(world, client), variant=variant) == []


@pytest.mark.full
def test_what_an_admin_sees_tells_nothing_on_a_reviewers_own_routes(world, told_apart):
    """Who administers what they review hears what is stuck, and reads the audit: there alone."""
    make.MembershipFactory(user=world.reviewer, project=world.project, role="admin")
    told = {each.split()[1] for each in told_apart(everything_of(world, "case", "signed"))}
    assert "stuck-predictions" in told
    assert {route for route in told if access.TABLE[route]["GET"].roles != access.ADMINS} == set()


# --- after the lock ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "only", [("case-review", "worklist"), pytest.param((), marks=pytest.mark.full)]
)
def test_after_the_lock_the_worlds_differ_in_this_study_alone(world, told_apart, only):
    def lock_and_ask(client: Client) -> Observation:
        with transaction.atomic():
            locked = acts.reveal(client, world.cases["case"], dict(worlds.NEW_READING))
            assert locked.status_code == 200
            seen = worlds.observe(world, client, only=only, of=["case", "signed", "twin"])
            transaction.set_rollback(True)
        return seen

    told = {" ".join(each.split()[:3]) for each in told_apart(lock_and_ask)}
    channels = CHANNELS & set(only or CHANNELS)
    # the first impression of the study is what hid the clinic's answers too
    assert told == {
        f"POST worklist {world.clinic}",
        *(f"GET {route} {name}" for route in channels for name in ("case", "twin")),
        *(f"HEAD {route} case" for route in channels),
    }


# --- teeth ---------------------------------------------------------------------------------------


def always(*_: Any, **__: Any) -> bool:
    return True


def leaks_in_a_header(view: Any) -> Any:
    def get(self: Any, request: Any, case_id: Any) -> Any:
        answer = view(self, request, case_id)
        said = CasePrediction.objects.filter(case=case_id).values_list("top_finding", flat=True)
        answer["ETag"] = f'"{"".join(said)}"'
        return answer

    return get


def leaks_in_the_number_of_queries(view: Any) -> Any:
    def get(self: Any, request: Any, case_id: Any) -> Any:
        if CasePrediction.objects.filter(case=case_id, top_finding="pneumonia").exists():
            CasePrediction.objects.count()
        return view(self, request, case_id)

    return get


def leaks_in_the_order(order: Any) -> Any:
    answers = CasePrediction.objects.filter(case=OuterRef("pk")).values("urgency")
    return lambda *_, **__: [Subquery(answers[:1]), "pk"]


def leaks_in_a_status(view: Any) -> Any:
    def get(self: Any, request: Any, case_id: Any) -> Any:
        answer = view(self, request, case_id)
        if CasePrediction.objects.filter(case=case_id, top_finding="").exists():
            answer.status_code = 203
        return answer

    return get


def leaks_the_hash(facts: Any) -> Any:
    def signed_facts(signed: Any, every: Any, **how: Any) -> Any:
        described = facts(signed, every, **how)
        for each, review in zip(described, signed, strict=True):
            each["content_sha256"] = review.content_sha256
        return described

    return signed_facts


def leaks_what_was_implied(decisions: Any) -> Any:
    return lambda review, **_: decisions(review, with_unsaid=True)


def leaks_in_a_picture(ranges: Any) -> Any:
    def read(*given: Any) -> Iterator[bytes]:
        yield from ranges(*given)
        yield str(CasePrediction.objects.filter(top_finding="pneumonia").count()).encode()

    return read


LEAKS: dict[str, tuple[Any, str, Any, str, str]] = {
    "answers in the payload": (payload, "sees_ai", lambda _: always, "case-review", "case"),
    "models in the history": (priors, "sees_ai", lambda _: always, "case-history", "case"),
    "class maps": (inference_access, "sees_ai", lambda _: always, "prediction-maps", "case"),
    "the worklist's rows": (
        *(worklist, "sees_ai_everywhere", lambda _: always),
        *("worklist", "case"),
    ),
    "the worklist's order": (worklist, "_order", leaks_in_the_order, "worklist", "case"),
    "which case is next": (worklist, "_order", leaks_in_the_order, "case-review", "case"),
    "what silence implied": (
        *(versions, "decisions_of", leaks_what_was_implied),
        *("case-review", "signed"),
    ),
    "what silence implied of the prior": (
        *(priors, "decisions_of", leaks_what_was_implied),
        *("case-prior", "case"),
    ),
    "the hash of what was implied": (
        *(payload, "signed_facts", leaks_the_hash),
        *("case-review", "signed"),
    ),
    "a header": (reading.CaseReviewView, "get", leaks_in_a_header, "case-review", "case"),
    "a status": (reading.CaseReviewView, "get", leaks_in_a_status, "case-review", "case"),
    "the number of queries": (
        *(reading.CaseReviewView, "get", leaks_in_the_number_of_queries),
        *("case-review", "case"),
    ),
    "a picture": (server.blobs, "read_ranges", leaks_in_a_picture, "wado-thumbnail", "case"),
}


def test_every_leak_is_noticed(world, told_apart, monkeypatch):
    unnoticed = []
    for leak, (module, name, weaken, route, subject) in LEAKS.items():
        with monkeypatch.context() as weakened:
            weakened.setattr(module, name, weaken(getattr(module, name)))
            told = told_apart(everything_of(world, subject, only=(route,)))
        if not any(route in request for request in told):
            unnoticed.append(leak)
    assert unnoticed == []


def test_a_leak_in_an_act_is_noticed(world, told_apart, monkeypatch):
    monkeypatch.setattr(inference_api, "sees_ai", always)
    told = told_apart(lambda client: worlds.attempt(world, client, of=["case"]))
    assert told == ["POST case-predict case"]
