"""WADO-RS (PS3.18 10.4) over our store: metadata, frames, thumbnails, instances.

Who may ask was decided before any of this runs (config.middleware, access.TABLE). Bytes are
streamed from the blob by the ranges that the gate found; nothing is parsed here, and no file is
held in memory.
"""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.cache import get_conditional_response

from apps import blobs
from apps.cases.access import headers_visible_to, person, reads_blinded
from apps.cases.models import ImageAccess, Instance, Study
from apps.cases.selectors import instance_at, instances_of_study
from apps.cases.services.image_access import image_access_record
from apps.errors import NotFound

# An instance never changes, so the browser may keep its bytes for a login (12 h); headers of a
# study grow with it and differ between people, so the browser must ask again each time.
IMMUTABLE: Final = "private, max-age=43200, immutable"
REVALIDATED: Final = "private, max-age=0, must-revalidate"
DICOM_JSON: Final = "application/dicom+json"


def study_metadata(request: HttpRequest, study: str) -> HttpResponseBase:
    """Answer the headers of every instance of a study."""
    return _metadata(request, instances_of_study(person(request), study_instance_uid=study))


def series_metadata(request: HttpRequest, study: str, series: str) -> HttpResponseBase:
    """Answer the headers of every instance of a series."""
    found = instances_of_study(
        person(request), study_instance_uid=study, series_instance_uid=series
    )
    return _metadata(request, found)


def instance_metadata(request: HttpRequest, study: str, series: str, sop: str) -> HttpResponseBase:
    """Answer the header of one instance."""
    return _metadata(request, [_instance(study, series, sop)])


def frames(
    request: HttpRequest, study: str, series: str, sop: str, numbers: list[int]
) -> HttpResponseBase:
    """Stream frames as stored, one part each, naming the transfer syntax of the bytes."""
    instance = _instance(study, series, sop)
    if max(numbers) > len(instance.frame_ranges):
        raise NotFound
    _record(request, instance.series.study, ImageAccess.Kind.IMAGES)
    etag = f'"{instance.rendition_sha256}-{"-".join(map(str, numbers))}"'
    ranges = [instance.frame_ranges[number - 1] for number in numbers]
    return _cached(
        request,
        etag=etag,
        cache_control=IMMUTABLE,
        answer=lambda: multipart(
            instance.rendition_sha256, ranges, transfer_syntax_uid=instance.transfer_syntax_uid
        ),
    )


def thumbnail(request: HttpRequest, study: str, series: str, sop: str) -> HttpResponseBase:
    """Stream the small JPEG made at ingest."""
    instance = _instance(study, series, sop)
    if not instance.thumbnail_sha256:
        raise NotFound
    _record(request, instance.series.study, ImageAccess.Kind.THUMBNAIL)
    return _whole_blob(request, instance.thumbnail_sha256, content_type="image/jpeg")


def instance_file(request: HttpRequest, study: str, series: str, sop: str) -> HttpResponseBase:
    """Stream the DICOM file as it was received, its preamble zeroed."""
    instance = _instance(study, series, sop)
    if reads_blinded(person(request), instance.series.study.patient):
        raise NotFound
    _record(request, instance.series.study, ImageAccess.Kind.IMAGES)
    answer = _whole_blob(request, instance.stored_sha256, content_type="application/dicom")
    answer["Content-Disposition"] = "attachment"
    return answer


def _instance(study: str, series: str, sop: str) -> Instance:
    return instance_at(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=sop,
    )


def _record(request: HttpRequest, study: Study, kind: ImageAccess.Kind) -> None:
    key = request.session.session_key or ""
    image_access_record(person(request), study=study, kind=kind, session_key=key)


def _metadata(request: HttpRequest, instances: Sequence[Instance]) -> HttpResponseBase:
    study = instances[0].series.study
    _record(request, study, ImageAccess.Kind.IMAGES)
    visible = headers_visible_to(person(request), study)
    body = orjson.dumps([visible(instance.metadata) for instance in instances])
    return _cached(
        request,
        etag=f'"{hashlib.sha256(body).hexdigest()}"',
        cache_control=REVALIDATED,
        answer=lambda: HttpResponse(body, content_type=DICOM_JSON),
    )


def _whole_blob(request: HttpRequest, sha256: str, *, content_type: str) -> HttpResponseBase:
    return _cached(
        request,
        etag=f'"{sha256}"',
        cache_control=IMMUTABLE,
        answer=lambda: blob_response(sha256, content_type=content_type),
    )


def blob_response(sha256: str, *, content_type: str) -> StreamingHttpResponse:
    """Stream a whole blob.

    Raises
    ------
    NotFound : no such blob, or no name of one
    """
    if not sha256 or not blobs.exists(sha256):
        raise NotFound
    size = blobs.size_of(sha256)
    streamed = StreamingHttpResponse(
        blobs.read_ranges(sha256, [[0, size]]), content_type=content_type
    )
    streamed["Content-Length"] = str(size)
    return streamed


def _cached(
    request: HttpRequest,
    *,
    etag: str,
    cache_control: str,
    answer: Callable[[], HttpResponseBase],
) -> HttpResponseBase:
    """Answer 304 to a browser that has the bytes; mark every answer as this person's own."""
    response = get_conditional_response(request, etag=etag, response=None) or answer()
    if request.method == "HEAD" and isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()  # the headers are the answer: open no file
    response["ETag"] = etag
    response["Cache-Control"] = cache_control
    response["Vary"] = "Cookie"
    return response


def multipart(
    sha256: str, frame_ranges: Sequence[Sequence[Sequence[int]]], *, transfer_syntax_uid: str
) -> StreamingHttpResponse:
    """Answer frames as stored, one part each (PS3.18 8.7), naming the syntax of the bytes.

    Raises
    ------
    NotFound : the stored bytes are not there
    """
    boundary = secrets.token_hex(16)
    media_type = f"application/octet-stream; transfer-syntax={transfer_syntax_uid}"
    head = f"--{boundary}\r\nContent-Type: {media_type}\r\n\r\n".encode()
    tail = f"--{boundary}--\r\n".encode()

    def parts() -> Iterator[bytes]:
        for ranges in frame_ranges:
            yield head
            yield from blobs.read_ranges(sha256, ranges)
            yield b"\r\n"
        yield tail

    if not blobs.exists(sha256):
        raise NotFound
    response = StreamingHttpResponse(
        parts(),
        content_type=f'multipart/related; type="application/octet-stream"; boundary={boundary}',
    )
    pixels = sum(int(length) for ranges in frame_ranges for _, length in ranges)
    response["Content-Length"] = str(pixels + len(frame_ranges) * (len(head) + 2) + len(tail))
    return response
