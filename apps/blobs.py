"""Where are the bytes? Files by the sha256 of their content, in a folder or in S3.

Nothing here is ever overwritten with other bytes: the name is the content's hash. In a folder a
file appears whole or not at all, also after a power cut (temporary name, fsync, rename, fsync of
the folder), and before the row that names it is committed.
"""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage

from apps.errors import NotFound, StorageFull, Unavailable

CHUNK_BYTES: Final = 1024 * 1024
COUNT_S: Final = 1.0
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class BlobDamaged(Unavailable):
    """The stored bytes are not those that were stored."""

    default_code = "integrity_check_failed"


def put_file(path: Path, *, sha256: str = "") -> str:
    """Store the content of a file and give its sha256; storing it twice changes nothing.

    Parameters
    ----------
    sha256 : the content's hash where the caller has computed it already

    Raises
    ------
    StorageFull : less than the reserve is free (settings.MINIMUM_FREE_FRACTION), or no room at all
    """
    sha256 = sha256 or sha256_of(path)
    if exists(sha256):
        return sha256
    require_room()
    try:
        if isinstance(default_storage, FileSystemStorage):
            _put_in_folder(path, Path(default_storage.path(_name(sha256))))
        else:
            with path.open("rb") as source:
                default_storage.save(_name(sha256), File(source))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("The storage is full: uploads are paused.") from error
        raise
    return sha256


def remove(sha256: str) -> None:
    """Delete stored bytes; only for bytes that no second row can name, as a run's checkpoint."""
    default_storage.delete(_name(sha256))


def require_room() -> None:
    """Keep a reserve of the disk for the database and the logs, so that reading goes on.

    Raises
    ------
    StorageFull : less than the reserve is free
    """
    folder = Path(settings.FILE_UPLOAD_TEMP_DIR)
    usage = shutil.disk_usage(folder)
    if usage.free < settings.MINIMUM_FREE_FRACTION * usage.total:
        raise StorageFull("The storage is full: uploads are paused.")


@dataclass(frozen=True)
class Space:
    """Bytes of a volume, and what of it the stored files take.

    `is_counted` False: there are more files than could be counted in time.
    """

    total: int
    free: int
    stored: int
    is_counted: bool


def space(*, seconds: float = COUNT_S) -> Space | None:
    """Measure the store's volume; None for S3, which has no volume and whose bills say the rest."""
    if not isinstance(default_storage, FileSystemStorage):
        return None
    folder = Path(default_storage.location)
    folder.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(folder)
    stored, is_counted = _stored_bytes(folder, deadline=time.monotonic() + seconds)
    return Space(usage.total, usage.free, stored, is_counted)


def open_blob(sha256: str) -> BinaryIO:
    """Open stored bytes for reading; close them (`with`).

    Raises
    ------
    NotFound : nothing is stored under this hash
    """
    try:
        return default_storage.open(_name(sha256), "rb")  # type: ignore[return-value]
    except FileNotFoundError as error:
        raise NotFound("The stored file is missing.") from error


def exists(sha256: str) -> bool:
    """Tell whether bytes with this hash are stored."""
    return default_storage.exists(_name(sha256))


def size_of(sha256: str) -> int:
    """Give the number of stored bytes."""
    return default_storage.size(_name(sha256))


def read_ranges(
    sha256: str, ranges: Sequence[Sequence[int]], *, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """Yield byte ranges `[offset, length]` in order, never more than a chunk in memory.

    Raises
    ------
    NotFound : nothing is stored under this hash (before the first chunk)
    BlobDamaged : the file ends before a range does
    """
    with open_blob(sha256) as blob:
        for offset, length in ranges:
            blob.seek(offset)
            left = length
            while left > 0:
                chunk = blob.read(min(left, chunk_bytes))
                if not chunk:
                    raise BlobDamaged("A stored file is shorter than it was.")
                left -= len(chunk)
                yield chunk


def verify(sha256: str) -> None:
    """Hash the stored bytes again.

    Raises
    ------
    NotFound : nothing is stored under this hash
    BlobDamaged : other bytes than those that were stored
    """
    digest = hashlib.sha256()
    with open_blob(sha256) as blob:
        while chunk := blob.read(CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise BlobDamaged("A stored file has changed.", params={"sha256": sha256})


@contextlib.contextmanager
def local_file(sha256: str) -> Iterator[Path]:
    """Lend stored bytes as a file on this machine: itself in a folder, a temporary copy from S3.

    Raises
    ------
    NotFound : nothing is stored under this hash
    """
    if isinstance(default_storage, FileSystemStorage):
        path = Path(default_storage.path(_name(sha256)))
        if not path.is_file():
            raise NotFound("The stored file is missing.")
        yield path
        return
    with tempfile.NamedTemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR) as copy:
        with open_blob(sha256) as blob:
            shutil.copyfileobj(blob, copy, CHUNK_BYTES)
        copy.flush()
        yield Path(copy.name)


def sha256_of(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _stored_bytes(folder: Path, *, deadline: float) -> tuple[int, bool]:
    """Add up the files below a folder, and say whether there was time for all of them."""
    total = 0
    for parent, _, names in os.walk(folder):
        if time.monotonic() > deadline:
            return total, False
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # a temporary file that has got its name
                total += os.stat(os.path.join(parent, name)).st_size  # noqa: PTH116, PTH118
    return total, True


def _name(sha256: str) -> str:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256!r} is not a sha256 in hexadecimal digits")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _put_in_folder(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary_name = tempfile.mkstemp(dir=target.parent, prefix=".incoming-")
    temporary = Path(temporary_name)
    try:
        with os.fdopen(handle, "wb") as sink, source.open("rb") as bytes_in:
            shutil.copyfileobj(bytes_in, sink, CHUNK_BYTES)
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    for folder in (target.parent, target.parent.parent, target.parent.parent.parent):
        _fsync_folder(folder)


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
