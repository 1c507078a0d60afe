"""Bytes by their hash: stored whole, once, found again, and noticed when they have changed."""

import errno
import hashlib
from pathlib import Path

import pytest

from apps import blobs
from apps.errors import NotFound, StorageFull

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FOLDER, MEMORY = "a folder", "a storage without paths, as S3"


@pytest.fixture(params=[FOLDER, MEMORY])
def storage(request, settings) -> str:
    if request.param == MEMORY:
        backend = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
        settings.STORAGES = {**settings.STORAGES, "default": backend}
    return request.param


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def folder(settings) -> Path:
    return Path(settings.MEDIA_ROOT)


def test_bytes_come_back_under_their_hash(storage, source):
    assert not blobs.exists(SHA256)
    assert blobs.put_file(source) == SHA256
    assert blobs.exists(SHA256)
    assert blobs.size_of(SHA256) == len(CONTENT)
    with blobs.open_blob(SHA256) as blob:
        assert blob.read() == CONTENT
    with blobs.local_file(SHA256) as path:
        assert path.read_bytes() == CONTENT
    blobs.verify(SHA256)


def test_ranges_come_in_order_and_in_chunks(storage, source):
    blobs.put_file(source)
    chunks = list(blobs.read_ranges(SHA256, [[256, 300], [0, 2], [10, 0]], chunk_bytes=128))
    assert b"".join(chunks) == CONTENT[256:556] + CONTENT[:2]
    assert max(map(len, chunks)) <= 128


def test_a_range_beyond_the_end_is_damage_not_a_short_answer(storage, source):
    blobs.put_file(source)
    with pytest.raises(blobs.BlobDamaged):
        list(blobs.read_ranges(SHA256, [[len(CONTENT) - 1, 2]]))


def test_what_is_not_stored_is_not_found(storage):
    for read in (blobs.open_blob, blobs.verify, lambda sha256: list(blobs.read_ranges(sha256, []))):
        with pytest.raises(NotFound):
            read(SHA256)
    with pytest.raises(NotFound), blobs.local_file(SHA256):
        pass


def test_storing_twice_writes_once(source, folder):
    blobs.put_file(source)
    (stored,) = [path for path in folder.rglob("*") if path.is_file()]
    assert stored == folder / SHA256[:2] / SHA256[2:4] / SHA256
    written = stored.stat().st_mtime_ns
    blobs.put_file(source)
    assert stored.stat().st_mtime_ns == written
    assert [path for path in folder.rglob("*") if path.is_file()] == [stored]


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: b"x" + data[1:]])
def test_a_changed_file_is_noticed(source, folder, change):
    blobs.put_file(source)
    stored = folder / SHA256[:2] / SHA256[2:4] / SHA256
    stored.write_bytes(change(CONTENT))
    with pytest.raises(blobs.BlobDamaged) as noticed:
        blobs.verify(SHA256)
    assert noticed.value.code == "integrity_check_failed"


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "0" * 63, "0" * 64 + "\n"])
def test_only_a_hash_names_a_file(name):
    with pytest.raises(ValueError):
        blobs.exists(name)


def test_a_disk_that_fills_up_leaves_no_half_file(source, folder, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageFull):
        blobs.put_file(source)
    assert [path for path in folder.rglob("*") if path.is_file()] == []


def test_the_reserve_of_the_disk_is_kept(storage, source, settings):
    settings.MINIMUM_FREE_FRACTION = 1.0
    with pytest.raises(StorageFull):
        blobs.put_file(source)
    assert not blobs.exists(SHA256)
