"""When the database does not answer, a request says so with 503 and changes nothing."""

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.factories import UserFactory

CANARY = "ZQX" + "CANARY"  # in two parts: the log quotes lines of source


def away(execute, sql, params, many, context):
    raise OperationalError("server closed the connection: SELECT name FROM patient ZQXCANARY")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/projects", "/api/session"])
def test_database_away_is_503_with_a_time_to_retry(log_in, path, caplog):
    browser = log_in(UserFactory())
    browser.raise_request_exception = False
    with connection.execute_wrapper(away):
        response = browser.get(path)
    assert response.status_code == 503
    assert response.json()["code"] == "database_unavailable"
    assert response["Retry-After"] == "2"
    assert "ZQXCANARY" not in caplog.text + response.content.decode()


@pytest.mark.django_db
def test_our_own_failure_is_500_and_its_message_is_not_logged(monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise RuntimeError(CANARY)

    monkeypatch.setattr("apps.cases.access.require", fail)
    response = Client(raise_request_exception=False).get("/api/session")
    assert response.status_code == 500
    assert response.json()["code"] == "server_error"
    assert "RuntimeError at" in caplog.text
    assert CANARY not in caplog.text
