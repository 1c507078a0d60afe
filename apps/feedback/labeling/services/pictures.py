"""Pictures of a guideline: taken in, made anew, shown only in the round that they were made for.

What is stored is what Pillow draws of a picture, never the file that was sent: no metadata, nothing
behind the pixels. The answer to an upload is signed for its round, so that no other stored bytes
can be put into a guideline by their hash.
"""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

from django.conf import settings
from django.core import signing
from PIL import Image, ImageOps, UnidentifiedImageError

from apps import blobs
from apps.cases.models import User
from apps.cases.services.audit import audit_record
from apps.errors import Invalid, TooLarge
from apps.feedback.labeling.models.rounds import Guideline, ReadingRound

MAXIMUM_SIDE: Final = 2000
MOST_PICTURES: Final = 12
_SALT: Final = "coread.guideline-picture"
_JPEG_QUALITY: Final = 90


def picture_store(
    reading_round: ReadingRound, file: BinaryIO, *, size: int, actor: User
) -> dict[str, str]:
    """Store a PNG or JPEG picture, turned upright.

    Parameters
    ----------
    file : what was sent, of `size` bytes

    Returns
    -------
    `sha256` and `content_type` of what is stored, and the `token` that lets it into a guideline

    Raises
    ------
    TooLarge : more than 2 MiB
    Invalid : not a picture, or a side of more than 2000 pixels
    """
    if size > settings.MAXIMUM_PICTURE_BYTES:
        raise TooLarge(
            "The picture is too large.", params={"limit_bytes": settings.MAXIMUM_PICTURE_BYTES}
        )
    picture = _drawn(file)
    is_jpeg = picture.format == "JPEG"
    upright = ImageOps.exif_transpose(picture)
    turned = upright.convert("RGB" if is_jpeg or "A" not in upright.getbands() else "RGBA")
    # Of the pixels alone: Pillow writes the comment of a JPEG into the copy too.
    plain = Image.frombytes(turned.mode, turned.size, turned.tobytes())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        plain.save(path, picture.format, quality=_JPEG_QUALITY)
        sha256 = blobs.put_file(path)
    stored = {"sha256": sha256, "content_type": "image/jpeg" if is_jpeg else "image/png"}
    audit_record(
        actor=actor,
        action="round.picture_stored",
        target=reading_round,
        project=reading_round.project,
        detail={"sha256": sha256},
    )
    return {**stored, "token": signing.dumps([str(reading_round.pk), stored], salt=_SALT)}


def pictures_accepted(
    reading_round: ReadingRound, sent: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Give the pictures of a new version: each of an earlier one, or stored for this round.

    Raises
    ------
    Invalid : `picture_unknown`, or too many
    """
    if len(sent) > MOST_PICTURES:
        raise Invalid(f"At most {MOST_PICTURES} pictures.", code="too_many_pictures")
    earlier = Guideline.objects.filter(round=reading_round).values_list("pictures", flat=True)
    known = {each["sha256"]: each["content_type"] for pictures in earlier for each in pictures}
    return [
        {
            "sha256": each["sha256"],
            "content_type": known.get(each["sha256"]) or _type_signed(reading_round, each),
            "caption": each["caption"],
        }
        for each in sent
    ]


def _type_signed(reading_round: ReadingRound, sent: Mapping[str, Any]) -> str:
    try:
        round_id, stored = signing.loads(sent["token"], salt=_SALT)
    except signing.BadSignature as error:
        raise _unknown() from error
    if round_id != str(reading_round.pk) or stored["sha256"] != sent["sha256"]:
        raise _unknown()
    return str(stored["content_type"])


def _unknown() -> Invalid:
    return Invalid("Upload the picture to this round first.", code="picture_unknown")


def _drawn(file: BinaryIO) -> Image.Image:
    try:
        picture = Image.open(file, formats=("PNG", "JPEG"))
        if max(picture.size) > MAXIMUM_SIDE:
            raise Invalid(
                f"A picture has at most {MAXIMUM_SIDE} pixels a side.", code="picture_too_large"
            )
        picture.load()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Invalid("This is not a PNG or JPEG picture.", code="not_a_picture") from error
    return picture
