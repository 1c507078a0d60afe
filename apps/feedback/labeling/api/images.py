"""WADO-RS (PS3.18 10.4) of one read's images, under names of the read's own.

No ETag: an image's own would name it, and the same image has another name in another read.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from apps.cases.access import found_by_table, person
from apps.cases.dicomweb.server import DICOM_JSON, blob_response, multipart
from apps.cases.models import ImageAccess, Study
from apps.cases.services.image_access import image_access_record
from apps.errors import NotFound
from apps.feedback.labeling.models.rounds import Read
from apps.feedback.labeling.selectors.images import ReadUids, headers_of, instance_of

# An image of a read never changes, so the browser may keep its bytes for a login.
KEPT: Final = "private, max-age=43200, immutable"


def metadata(request: HttpRequest, read_id: UUID, study: str) -> HttpResponseBase:
    """Answer the allowed part of the header of every image of the read."""
    read = _read(request, read_id, study, kind=ImageAccess.Kind.IMAGES)
    body = orjson.dumps(headers_of(read))
    return _own(HttpResponse(body, content_type=DICOM_JSON))


def frames(
    request: HttpRequest, read_id: UUID, study: str, series: str, sop: str, numbers: Sequence[int]
) -> HttpResponseBase:
    """Stream frames as stored."""
    read = _read(request, read_id, study, kind=ImageAccess.Kind.IMAGES)
    instance = instance_of(read, series=series, sop=sop)
    if max(numbers) > len(instance.frame_ranges):
        raise NotFound
    ranges = [instance.frame_ranges[number - 1] for number in numbers]
    return _own(
        multipart(
            instance.rendition_sha256, ranges, transfer_syntax_uid=instance.transfer_syntax_uid
        ),
        is_head=request.method == "HEAD",
    )


def thumbnail(
    request: HttpRequest, read_id: UUID, study: str, series: str, sop: str
) -> HttpResponseBase:
    """Stream the small JPEG made at ingest."""
    read = _read(request, read_id, study, kind=ImageAccess.Kind.THUMBNAIL)
    instance = instance_of(read, series=series, sop=sop)
    streamed = blob_response(instance.thumbnail_sha256, content_type="image/jpeg")
    return _own(streamed, is_head=request.method == "HEAD")


def _read(request: HttpRequest, read_id: UUID, study: str, *, kind: ImageAccess.Kind) -> Read:
    read = found_by_table(request, Read)
    its_study = Study.objects.get(cases=read.case_id)
    if read.pk != read_id or ReadUids(read.pk).hidden(its_study.study_instance_uid) != study:
        raise NotFound
    image_access_record(
        person(request),
        study=its_study,
        kind=kind,
        session_key=request.session.session_key or "",
    )
    return read


def _own(response: HttpResponseBase, *, is_head: bool = False) -> HttpResponseBase:
    if is_head and isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()  # the headers are the answer: open no file
    response["Cache-Control"] = KEPT
    response["Vary"] = "Cookie"
    return response
