"""The answer to a reader's question: a guideline for all, naming neither who asked nor the case."""

from django.db import IntegrityError, transaction

from apps.cases.models import User
from apps.cases.services.audit import audit_record
from apps.errors import Conflict, Invalid
from apps.feedback.labeling.models.rounds import Guideline, QuestionAnswer, ReadQuestion
from apps.feedback.labeling.services.rounds import guideline_add


def question_answer(question: ReadQuestion, *, text: str, change: str, actor: User) -> Guideline:
    """Write the guideline that answers a question; every reader gets it alike.

    Raises
    ------
    Invalid : the guideline names the case as its reader knows it, or its reader
    Conflict : the question is answered already
    """
    read = question.read
    told = f"{text} {change}".casefold()
    for name in (read.pseudonym, read.reader.username, read.reader.display_name):
        if name and name.casefold() in told:
            raise Invalid(
                "The guideline goes to everybody: it may name neither the case nor who asked.",
                code="names_the_asker",
                fields={"text": [f"It names {name}."]},
            )
    reading_round = read.round_case.round
    newest = reading_round.guidelines.order_by("-version").first()
    try:
        with transaction.atomic():
            guideline = guideline_add(
                reading_round,
                text=text,
                pictures=newest.pictures if newest else [],
                change=change,
                actor=actor,
            )
            QuestionAnswer.objects.create(question=question, guideline=guideline)
            audit_record(
                actor=actor,
                action="round.question_answered",
                target=question,
                project=reading_round.project,
                detail={"guideline_version": guideline.version},
            )
    except IntegrityError as error:
        raise Conflict("This question is answered already.", code="question_answered") from error
    return guideline
