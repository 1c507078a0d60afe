"""Fixtures that every test may use: real data, real servers, and a store of its own.

The database is the one of DATABASE_URL, else SQLite; `make test` runs the quick tier on both.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from apps.cases.models import Project, User
from scripts import servers
from tests.factories import MembershipFactory, UserFactory

ROOT = Path(__file__).resolve().parent.parent
BESIDE_THE_REPOSITORY = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real images, DICOM files and weights; they are not part of the repository."""
    folder = Path(os.environ.get("COREAD_SHARED_DATA", BESIDE_THE_REPOSITORY))
    if not (folder / "README.md").exists():
        pytest.skip(f"no shared data at {folder}: set COREAD_SHARED_DATA")
    return folder


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Put SQLite's test database into a file: threads cannot wait for each other in memory."""
    if connection.vendor == "sqlite":
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        connection.settings_dict["TEST"]["NAME"] = str(file)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let the flush after a transactional test pass SQLite's guard of evidence.

    PostgreSQL truncates, which its row triggers do not see; SQLite deletes row by row.
    """
    if connection.vendor != "sqlite":
        yield
        return
    flush = connection.ops.sql_flush

    def sql_flush(*args: object, **kwargs: object) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            guards = cursor.fetchall()
        without = [f"DROP TRIGGER {name}" for name, _ in guards]
        return [*without, *flush(*args, **kwargs), *(sql for _, sql in guards)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection.ops, "sql_flush", sql_flush)
        yield


@pytest.fixture(autouse=True)
def own_store(settings: Settings, tmp_path: Path) -> None:
    """Keep what a test stores out of var/, and its passwords cheap to check."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    settings.MEDIA_ROOT = tmp_path / "blobs"
    settings.FILE_UPLOAD_TEMP_DIR = str(incoming)
    settings.STATIC_ROOT = None  # nothing is collected in a test
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A real Redis: that of `make test`, else one of this session."""
    if "REDIS_URL" in os.environ:
        yield os.environ["REDIS_URL"]
        return
    try:
        with servers.redis() as url:
            yield url
    except servers.ServerMissingError as missing:
        pytest.skip(f"not installed here: {missing}")


@pytest.fixture(scope="session")
def new_postgresql_url() -> Iterator[str]:
    """A PostgreSQL of this session, for tests whose own processes share a database."""
    try:
        with servers.postgresql() as url:
            yield url
    except servers.ServerMissingError as missing:
        pytest.skip(f"not installed here: {missing}")


@pytest.fixture
def page(settings: Settings, tmp_path: Path) -> None:
    """A small index.html in the place of the built one, so that no test waits for a build."""
    html = '<!doctype html><script nonce="{{ CSP_NONCE }}" src="/static/app.js"></script>'
    (tmp_path / "index.html").write_text(html)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]


@pytest.fixture
def log_in() -> Callable[[User | None], Client]:
    """Make a browser in which a person (None: nobody) is logged in; it sends CSRF tokens."""

    def browser(user: User | None) -> Client:
        client = Browser()
        if user is not None:
            client.force_login(user)
        return client

    return browser


@pytest.fixture
def as_role(log_in: Callable[[User | None], Client]) -> Callable[..., Client]:
    """Make a browser of a new member of a project: `as_role("radiologist", project)`."""

    def member(role: str, project: Project) -> Client:
        user = UserFactory()
        MembershipFactory(user=user, project=project, role=role)
        return log_in(user)

    return member


class Browser(Client):
    """Django's test client with CSRF enforced, sending the token as the page does."""

    def __init__(self, **defaults: object) -> None:
        super().__init__(enforce_csrf_checks=True, **defaults)

    def request(self, **request: object) -> HttpResponse:
        """Send the token of the cookie along, unless the test names one (or "" for none)."""
        if "HTTP_X_CSRFTOKEN" not in request:
            if "csrftoken" not in self.cookies:
                self.cookies["csrftoken"] = "t" * 32
            request["HTTP_X_CSRFTOKEN"] = self.cookies["csrftoken"].value
        return super().request(**request)
