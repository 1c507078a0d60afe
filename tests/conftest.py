"""Fixtures that every test may use: real data, real servers, and a store of its own.

The database is the one of DATABASE_URL, else SQLite; `make test` runs the quick tier on both.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from scripts import servers

ROOT = Path(__file__).resolve().parent.parent
BESIDE_THE_REPOSITORY = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real images, DICOM files and weights; they are not part of the repository."""
    folder = Path(os.environ.get("COREAD_SHARED_DATA", BESIDE_THE_REPOSITORY))
    if not (folder / "README.md").exists():
        pytest.skip(f"no shared data at {folder}: set COREAD_SHARED_DATA")
    return folder


@pytest.fixture(autouse=True)
def own_store(settings: Settings, tmp_path: Path) -> None:
    """Keep what a test stores out of var/, and its passwords cheap to check."""
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    settings.MEDIA_ROOT = tmp_path / "blobs"
    settings.FILE_UPLOAD_TEMP_DIR = str(incoming)
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
