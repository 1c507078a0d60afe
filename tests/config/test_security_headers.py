"""What every answer tells the browser: run no foreign code, sniff nothing, tell nobody."""

import re

import pytest

from tests.factories import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def policy(log_in, page) -> dict[str, list[str]]:
    """The content security policy of the page, by directive."""
    answer = log_in(None).get("/review/anything")
    assert answer.status_code == 200
    words = [directive.split() for directive in answer["Content-Security-Policy"].split(";")]
    return {name: sources for name, *sources in words}


def test_only_our_own_scripts_run(policy):
    assert policy["default-src"] == ["'none'"]
    assert "'unsafe-eval'" not in policy["script-src"]
    assert "'unsafe-inline'" not in policy["script-src"] + policy["style-src"]
    assert {"'self'", "'wasm-unsafe-eval'"} <= set(policy["script-src"])
    for directive, sources in policy.items():
        if directive != "report-uri":
            hosts = [source for source in sources if "//" in source or "*" in source]
            assert hosts == [], directive
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert policy["report-uri"] == ["/csp-report"]


def test_the_nonce_is_new_for_every_page_and_the_one_of_the_script(log_in, page):
    browser = log_in(None)
    nonces = set()
    for _ in range(2):
        answer = browser.get("/")
        (nonce,) = re.findall(rb'<script nonce="([^"]+)"', answer.content)
        assert f"'nonce-{nonce.decode()}'" in answer["Content-Security-Policy"]
        nonces.add(nonce)
    assert len(nonces) == 2


@pytest.mark.parametrize("path", ["/", "/api/session", "/api/projects", "/api/nothing"])
def test_every_answer_has_the_headers(log_in, page, path):
    answer = log_in(None).get(path)
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


def test_a_report_is_counted_but_not_copied_into_the_log(log_in, caplog):
    report = b'{"csp-report": {"document-uri": "https://host/ZQXCANARY"}}'
    answer = log_in(None).post("/csp-report", report, content_type="application/csp-report")
    assert answer.status_code == 204
    assert f"{len(report)} bytes" in caplog.text
    assert "ZQXCANARY" not in caplog.text


def test_a_failure_of_ours_answers_in_the_one_shape_without_details(as_role, monkeypatch):
    def fail(user):
        raise RuntimeError("a detail that nobody may see")

    monkeypatch.setattr("apps.cases.api.memberships_of", fail)
    browser = as_role("radiologist", ProjectFactory())
    browser.raise_request_exception = False
    answer = browser.get("/api/session")
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert b"detail that" not in answer.content
