"""The key with which a workstation keeps what is not confirmed yet: one person's, for good."""

import base64
import logging

import pytest

from apps.cases.models import AuditEvent, IdempotencyKey, User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PATH = "/api/session/draft-key"


def key_of(client) -> str:
    answer = client.get(PATH)
    assert answer.status_code == 200
    return answer.json()["key"]


def test_a_person_has_the_same_key_in_every_login_and_nobody_else_has_it(log_in):
    one, other = UserFactory(), UserFactory()
    first = key_of(log_in(one))
    assert key_of(log_in(one)) == first
    assert key_of(log_in(other)) != first


def test_it_is_made_for_aes_256(log_in):
    key = key_of(log_in(UserFactory()))
    assert len(base64.urlsafe_b64decode(key + "=")) == 32


def test_it_is_stored_beside_the_person_and_nowhere_else(log_in, caplog):
    user = UserFactory()
    browser = log_in(user)
    with caplog.at_level(logging.DEBUG):
        key = key_of(browser)
    assert User.objects.get(pk=user.pk).draft_key == key
    assert key not in caplog.text
    assert key not in str(list(AuditEvent.objects.values_list("detail", flat=True)))
    assert not IdempotencyKey.objects.exists()
    assert key not in str(dict(browser.session))
    assert key not in str(browser.cookies)
    for path in ("/api/session", "/api/projects", "/api/status"):
        assert key not in browser.get(path).content.decode()


def test_no_cache_keeps_it(log_in):
    assert log_in(UserFactory()).get(PATH).headers["Cache-Control"] == "no-store"


def test_a_stranger_gets_none_and_makes_none(log_in):
    user = UserFactory()
    assert log_in(None).get(PATH).status_code == 401
    assert User.objects.get(pk=user.pk).draft_key == ""
