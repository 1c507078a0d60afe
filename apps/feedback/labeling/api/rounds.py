"""HTTP of rounds as their admins see them: set-up, cases, members, questions, beginning and end."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person
from apps.cases.models import Case, Project, User
from apps.errors import NotFound
from apps.feedback.labeling.models.rounds import ReadingRound, RoundCase
from apps.feedback.labeling.selectors import rounds as found
from apps.feedback.labeling.serializers import rounds as shapes
from apps.feedback.labeling.services import members, round_cases, rounds
from apps.feedback.labeling.services.questions import question_answer


def _sent(shape: type[Any], data: Any) -> dict[str, Any]:
    sent = shape(data=data)
    sent.is_valid(raise_exception=True)
    validated: dict[str, Any] = sent.validated_data
    return validated


def _setup(reading_round: ReadingRound) -> Response:
    body = found.round_setup(reading_round)
    return Response(shapes.RoundSetupSerializer(body).data)


class RoundsView(APIView):
    """The reading rounds of a project."""

    @extend_schema(operation_id="rounds", responses=shapes.RoundsSerializer)
    def get(self, request: Request, project_id: UUID) -> Response:
        """List them."""
        body = {"rows": found.rounds_page(Project.objects.get(pk=project_id))}
        return Response(shapes.RoundsSerializer(body).data)

    @extend_schema(
        operation_id="round_create",
        request=shapes.RoundNameSerializer,
        responses={201: shapes.RoundSetupSerializer},
    )
    def post(self, request: Request, project_id: UUID) -> Response:
        """Begin a draft."""
        sent = _sent(shapes.RoundNameSerializer, request.data)
        project = Project.objects.get(pk=project_id)
        made = rounds.round_create(project, name=sent["name"], actor=person(request))
        answer = _setup(made)
        answer.status_code = status.HTTP_201_CREATED
        return answer


class RoundSetupView(APIView):
    """One round."""

    @extend_schema(operation_id="round_setup", responses=shapes.RoundSetupSerializer)
    def get(self, request: Request, round_id: UUID) -> Response:
        """Give it whole, with what its rules mean in work."""
        return _setup(found.round_by_id(round_id))


class RoundPolicyView(APIView):
    """The rules of a round."""

    @extend_schema(
        operation_id="round_policy",
        request=shapes.SentPolicySerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Write the next version."""
        sent = _sent(shapes.SentPolicySerializer, request.data)
        reading_round = found.round_by_id(round_id)
        rounds.policy_add(reading_round, **sent, actor=person(request))
        return _setup(reading_round)


class RoundGuidelineView(APIView):
    """The guideline of a round."""

    @extend_schema(
        operation_id="round_guideline",
        request=shapes.SentGuidelineSerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Write the next version."""
        sent = _sent(shapes.SentGuidelineSerializer, request.data)
        reading_round = found.round_by_id(round_id)
        rounds.guideline_add(reading_round, **sent, actor=person(request))
        return _setup(reading_round)


class RoundMembersView(APIView):
    """The people of a round."""

    @extend_schema(
        operation_id="round_member_add",
        request=shapes.SentMemberSerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Give somebody a place."""
        sent = _sent(shapes.SentMemberSerializer, request.data)
        reading_round = found.round_by_id(round_id)
        user = User.objects.filter(
            pk=sent["user_id"], memberships__project=reading_round.project_id
        ).first()
        if user is None:
            raise NotFound
        members.member_add(reading_round, user=user, role=sent["role"], actor=person(request))
        return _setup(reading_round)


class RoundMemberView(APIView):
    """One person of a round."""

    @extend_schema(
        operation_id="round_member_change",
        request=shapes.MemberChangeSerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def patch(self, request: Request, round_id: UUID, member_id: UUID) -> Response:
        """Pause, resume, withdraw, or change the caps."""
        sent = _sent(shapes.MemberChangeSerializer, request.data)
        reading_round = found.round_by_id(round_id)
        members.member_change(
            found.member_by_id(reading_round, member_id),
            state=sent.get("state"),
            caps={name: sent[name] for name in ("cap", "daily_cap") if name in sent},
            reason=sent["reason"],
            actor=person(request),
        )
        return _setup(reading_round)


class RoundCasesView(APIView):
    """The cases of a round."""

    @extend_schema(
        operation_id="round_cases",
        parameters=[shapes.RoundCasesQuerySerializer],
        responses=shapes.RoundCasesSerializer,
    )
    def get(self, request: Request, round_id: UUID) -> Response:
        """Give a page of them."""
        query = _sent(shapes.RoundCasesQuerySerializer, request.query_params)
        body = found.cases_page(found.round_by_id(round_id), **query)
        return Response(shapes.RoundCasesSerializer(body).data)

    @extend_schema(
        operation_id="round_cases_add",
        request=shapes.CaseFilterSerializer,
        responses=shapes.CasesChangedSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Add those that a filter names, or a random sample of them."""
        sent = _sent(shapes.CaseFilterSerializer, request.data)
        reading_round = found.round_by_id(round_id)
        setup = found.rules_of(reading_round)
        added = round_cases.cases_add(
            reading_round,
            cases=found.cases_matching(reading_round, sent),
            sample_size=sent["sample_size"],
            readers=setup.readers_per_case,
            actor=person(request),
        )
        return Response(shapes.CasesChangedSerializer({"count": added}).data)


class RoundCasesRemoveView(APIView):
    """Cases that a draft shall not have."""

    @extend_schema(
        operation_id="round_cases_remove",
        request=shapes.CaseIdsSerializer,
        responses=shapes.CasesChangedSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Take them out."""
        sent = _sent(shapes.CaseIdsSerializer, request.data)
        removed = round_cases.cases_remove(
            found.round_by_id(round_id), case_ids=sent["round_case_ids"], actor=person(request)
        )
        return Response(shapes.CasesChangedSerializer({"count": removed}).data)


class RoundKnownCasesView(APIView):
    """Cases whose answer is known: gold, and the qualification."""

    @extend_schema(
        operation_id="round_known_case",
        request=shapes.KnownCaseSerializer,
        responses=shapes.CasesChangedSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Add one."""
        sent = _sent(shapes.KnownCaseSerializer, request.data)
        reading_round = found.round_by_id(round_id)
        case = Case.objects.filter(pk=sent["case_id"], project=reading_round.project_id).first()
        if case is None:
            raise NotFound
        round_cases.known_case_add(
            reading_round,
            case=case,
            purpose=RoundCase.Purpose(sent["purpose"]),
            content=sent["content"],
            explanation=sent["explanation"],
            actor=person(request),
        )
        return Response(shapes.CasesChangedSerializer({"count": 1}).data)


class RoundCaseReadersView(APIView):
    """How many read a case."""

    @extend_schema(
        operation_id="round_case_readers", request=shapes.ReadersSerializer, responses={204: None}
    )
    def post(self, request: Request, round_id: UUID, round_case_id: UUID) -> Response:
        """Ask for more reads."""
        sent = _sent(shapes.ReadersSerializer, request.data)
        case = found.round_case_by_id(found.round_by_id(round_id), round_case_id)
        round_cases.readers_raise(case, readers=sent["readers"], actor=person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _case_act(
    request: Request, round_id: UUID, round_case_id: UUID, act: Callable[..., object]
) -> Response:
    sent = _sent(shapes.WhySerializer, request.data)
    case = found.round_case_by_id(found.round_by_id(round_id), round_case_id)
    act(case, reason=sent["reason"], actor=person(request))
    return Response(status=status.HTTP_204_NO_CONTENT)


class RoundCaseCancelView(APIView):
    """A case that is given up."""

    @extend_schema(
        operation_id="round_case_cancel", request=shapes.WhySerializer, responses={204: None}
    )
    def post(self, request: Request, round_id: UUID, round_case_id: UUID) -> Response:
        """Take it out; what was said of it stays on record."""
        return _case_act(request, round_id, round_case_id, round_cases.case_cancel)


class RoundCaseReopenView(APIView):
    """A sealed case that is read anew."""

    @extend_schema(
        operation_id="round_case_reopen", request=shapes.WhySerializer, responses={204: None}
    )
    def post(self, request: Request, round_id: UUID, round_case_id: UUID) -> Response:
        """Begin a new epoch with other readers."""
        return _case_act(request, round_id, round_case_id, round_cases.case_reopen)


class RoundCaseReassignView(APIView):
    """Reads that somebody holds and does not finish."""

    @extend_schema(
        operation_id="round_case_reassign", request=shapes.WhySerializer, responses={204: None}
    )
    def post(self, request: Request, round_id: UUID, round_case_id: UUID) -> Response:
        """End them, so that others can take the case."""
        return _case_act(request, round_id, round_case_id, round_cases.reads_reassign)


def _round_act(request: Request, round_id: UUID, act: Callable[..., object]) -> Response:
    sent = _sent(shapes.WhySerializer, request.data)
    reading_round = found.round_by_id(round_id)
    act(reading_round, reason=sent["reason"], actor=person(request))
    return _setup(found.round_by_id(round_id))


class RoundOpenView(APIView):
    """The beginning of a round."""

    @extend_schema(operation_id="round_open", request=None, responses=shapes.RoundSetupSerializer)
    def post(self, request: Request, round_id: UUID) -> Response:
        """Let the readers in."""
        reading_round = found.round_by_id(round_id)
        rounds.round_open(reading_round, actor=person(request))
        return _setup(reading_round)


class RoundCloseView(APIView):
    """The end of the reading."""

    @extend_schema(
        operation_id="round_close",
        request=shapes.WhySerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Close the round."""
        return _round_act(request, round_id, rounds.round_close)


class RoundCancelView(APIView):
    """A round that is given up."""

    @extend_schema(
        operation_id="round_cancel",
        request=shapes.WhySerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Cancel the round."""
        return _round_act(request, round_id, rounds.round_cancel)


class RoundReleaseView(APIView):
    """The release of a round's consensus."""

    @extend_schema(
        operation_id="round_release",
        request=shapes.WhySerializer,
        responses=shapes.RoundSetupSerializer,
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Let every sealed case count."""
        return _round_act(request, round_id, rounds.round_release)


class RoundProgressView(APIView):
    """How far a round is."""

    @extend_schema(operation_id="round_progress", responses=shapes.RoundProgressSerializer)
    def get(self, request: Request, round_id: UUID) -> Response:
        """Give the counts, the people, and what waits for the admin."""
        body = found.progress_of(found.round_by_id(round_id))
        return Response(shapes.RoundProgressSerializer(body).data)


class RoundQuestionsView(APIView):
    """What readers ask."""

    @extend_schema(operation_id="round_questions", responses=shapes.RoundQuestionsSerializer)
    def get(self, request: Request, round_id: UUID) -> Response:
        """List the questions."""
        body = {"rows": found.questions_payload(found.round_by_id(round_id))}
        return Response(shapes.RoundQuestionsSerializer(body).data)


class RoundQuestionAnswerView(APIView):
    """The answer to a question."""

    @extend_schema(
        operation_id="round_question_answer",
        request=shapes.SentAnswerSerializer,
        responses=shapes.RoundQuestionsSerializer,
    )
    def post(self, request: Request, round_id: UUID, question_id: UUID) -> Response:
        """Write the guideline that answers it."""
        sent = _sent(shapes.SentAnswerSerializer, request.data)
        reading_round = found.round_by_id(round_id)
        question_answer(
            found.question_by_id(reading_round, question_id),
            text=sent["guideline_text"],
            change=sent["change"],
            actor=person(request),
        )
        body = {"rows": found.questions_payload(reading_round)}
        return Response(shapes.RoundQuestionsSerializer(body).data)
