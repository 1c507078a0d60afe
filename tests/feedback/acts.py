"""What a reviewer's browser sends: one function for each act, with Django's test client."""

import uuid
from typing import Any

from django.http import HttpResponse
from django.test import Client

from apps.cases.models import Case
from apps.feedback.review.models import Review

Answer = Any  # HttpResponse, with json()


def payload(client: Client, case: Case) -> dict[str, Any]:
    return client.get(f"/api/cases/{case.pk}/review").json()


def save(client: Client, case: Case, body: dict[str, Any]) -> Answer:
    return client.put(f"/api/cases/{case.pk}/review/draft", body, content_type="application/json")


def sign(client: Client, case: Case, body: dict[str, Any], *, key: str | None = None) -> Answer:
    headers = {"Idempotency-Key": uuid.uuid4().hex if key is None else key}
    return _post(client, case, "review/sign", body, headers=headers)


def reveal(client: Client, case: Case, body: dict[str, Any]) -> Answer:
    return _post(client, case, "ai/reveal", body)


def addendum(client: Client, case: Case, reason: str = "measured again") -> Answer:
    return _post(client, case, "review/addendum", {"reason": reason})


def withdraw(client: Client, review: Review, reason: str = "") -> Answer:
    return _post(client, review.case, f"reviews/{review.pk}/withdraw", {"reason": reason})


def second_sign(client: Client, review: Review, sha256: str) -> Answer:
    path = f"reviews/{review.pk}/second-signature"
    return _post(client, review.case, path, {"content_sha256": sha256})


def acknowledge(client: Client, review: Review, **body: str) -> Answer:
    return _post(client, review.case, f"reviews/{review.pk}/acknowledge", body)


def claim(client: Client, case: Case, *, take_over: bool = False) -> Answer:
    return _post(client, case, "claim", {"take_over": take_over})


def claim_end(client: Client, case: Case) -> Answer:
    return client.delete(f"/api/cases/{case.pk}/claim")


def worklist(client: Client, case: Case, **query: Any) -> dict[str, Any]:
    path = f"/api/projects/{case.project_id}/worklist"
    return client.post(path, query, content_type="application/json").json()


def said(*verdicts: str, **grades: str) -> list[dict[str, str]]:
    """`said("pneumonia rejected", "nodule accepted", nodule="large")` as decisions."""
    decisions = [verdict.split() for verdict in verdicts]
    return [
        {"finding": finding, "verdict": verdict, "grade": grades.get(finding, "")}
        for finding, verdict in decisions
    ]


def refused(response: HttpResponse, status: int) -> str:
    """The code of a refusal, which has a sentence for people too."""
    body = response.json()
    assert response.status_code == status, body
    assert body["message"]
    return body["code"]


def _post(client: Client, case: Case, path: str, body: Any, **more: Any) -> Answer:
    return client.post(
        f"/api/cases/{case.pk}/{path}", body, content_type="application/json", **more
    )
