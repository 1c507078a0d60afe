"""HTTP of a guideline's pictures: for the admin who puts them there, and for the readers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps import blobs
from apps.cases.access import person
from apps.errors import NotFound
from apps.feedback.labeling.selectors.reads import guideline_picture_type
from apps.feedback.labeling.selectors.rounds import round_by_id
from apps.feedback.labeling.serializers import rounds as shapes
from apps.feedback.labeling.services.pictures import picture_store


class RoundGuidelinePicturesView(APIView):
    """Pictures for the guideline of a round."""

    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="round_picture_store",
        request={"multipart/form-data": shapes.PictureFileSerializer},
        responses={201: shapes.StoredPictureSerializer},
    )
    def post(self, request: Request, round_id: UUID) -> Response:
        """Store one; it is shown once a version of the guideline has it."""
        sent = shapes.PictureFileSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        file = sent.validated_data["file"]
        stored = picture_store(round_by_id(round_id), file, size=file.size, actor=person(request))
        return Response(shapes.StoredPictureSerializer(stored).data, status=status.HTTP_201_CREATED)


def guideline_picture(request: HttpRequest, round_id: UUID, sha256: str) -> HttpResponseBase:
    """Stream a picture to a reader of the round."""
    return _picture(request, round_id, sha256)


def round_picture(request: HttpRequest, round_id: UUID, sha256: str) -> HttpResponseBase:
    """Stream a picture to an admin of the round."""
    return _picture(request, round_id, sha256)


def _picture(request: HttpRequest, round_id: UUID, sha256: str) -> HttpResponseBase:
    content_type = guideline_picture_type(round_by_id(round_id), sha256)
    if not blobs.exists(sha256):
        raise NotFound
    size = blobs.size_of(sha256)
    streamed = StreamingHttpResponse(
        () if request.method == "HEAD" else blobs.read_ranges(sha256, [[0, size]]),
        content_type=content_type,
    )
    streamed["Content-Length"] = str(size)
    streamed["Cache-Control"] = "private, max-age=43200, immutable"
    return streamed
