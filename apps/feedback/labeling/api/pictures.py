"""HTTP of a guideline's pictures: for the admin who puts them there, and for the readers."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cases.access import person
from apps.cases.dicomweb.server import blob_response
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
    """Stream a picture to a reader of the round or to an admin; each has another address."""
    content_type = guideline_picture_type(round_by_id(round_id), sha256)
    streamed = blob_response(sha256, content_type=content_type)
    if request.method == "HEAD":
        streamed.streaming_content = ()  # the headers are the answer: open no file
    streamed["Cache-Control"] = "private, max-age=43200, immutable"
    return streamed
