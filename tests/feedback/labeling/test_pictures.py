"""Pictures of a guideline: made anew, shown in their round alone."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from apps.cases.models import AuditEvent
from apps.feedback.labeling.models.rounds import Guideline
from tests.feedback.labeling.results import admin_of
from tests.feedback.labeling.room import Person, Room, make_room

pytestmark = pytest.mark.django_db

SECRET = b"taken in room 4"


def picture(form: str = "JPEG", size: tuple[int, int] = (40, 20)) -> bytes:
    """A picture lying on its side, with words in its metadata."""
    image = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn by 90 degrees
    exif[0x010E] = SECRET.decode()
    held = io.BytesIO()
    image.save(held, form, exif=exif, comment=SECRET) if form == "JPEG" else image.save(
        held, form, exif=exif
    )
    assert SECRET in held.getvalue()
    return held.getvalue()


def upload(admin: Person, room: Room, content: bytes):
    return admin.client.post(
        f"/api/rounds/{room.round.pk}/guideline-pictures",
        {"file": SimpleUploadedFile("room 4.jpg", content, content_type="image/jpeg")},
    )


def save(admin: Person, room: Room, pictures: list[dict[str, str]]):
    body = {"text": "Round.", "pictures": pictures, "change": "A picture."}
    return admin.send("POST", f"/api/rounds/{room.round.pk}/guideline", body)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_is_stored_without_metadata_and_shown_to_the_readers(log_in, form):
    room = make_room(log_in)
    admin = admin_of(room)
    stored = upload(admin, room, picture(form))
    assert stored.status_code == 201
    sha256, token = stored.json()["sha256"], stored.json()["token"]
    reader = room.annotators[0]
    shown = f"/api/label-rounds/{room.round.pk}/guideline-pictures/{sha256}"
    assert reader.send("GET", shown).status_code == 404  # no version has it yet
    saved = save(admin, room, [{"sha256": sha256, "token": token, "caption": "A nodule"}])
    assert saved.status_code == 200, saved.content

    (found,) = reader.got("GET", f"/api/label-rounds/{room.round.pk}/guideline")["pictures"]
    assert (found["caption"], found["url"]) == ("A nodule", shown)
    for path, person in (
        (shown, reader),
        (f"/api/rounds/{room.round.pk}/guideline-pictures/{sha256}", admin),
    ):
        answer = person.send("GET", path)
        content = b"".join(answer.streaming_content)
        assert answer["Content-Type"] == f"image/{form.lower()}"
        assert SECRET not in content
        with Image.open(io.BytesIO(content)) as seen:
            assert (seen.size, seen.format) == ((20, 40), form)  # upright
            assert not seen.getexif()

    # It stays with the next versions; another round's readers never see it.
    kept = save(admin, room, [{"sha256": sha256, "caption": "A round nodule"}])
    assert kept.json()["guideline"]["pictures"][0]["caption"] == "A round nodule"
    other = make_room(log_in)
    elsewhere = f"/api/label-rounds/{other.round.pk}/guideline-pictures/{sha256}"
    assert other.annotators[0].send("GET", elsewhere).status_code == 404
    assert other.annotators[0].send("GET", shown).status_code == 404
    assert AuditEvent.objects.filter(action="round.picture_stored").count() == 1


def test_stored_bytes_do_not_become_a_picture_by_their_hash(log_in):
    room, other = make_room(log_in), make_room(log_in)
    admin = admin_of(room)
    theirs = upload(admin_of(other), other, picture()).json()
    before = Guideline.objects.count()
    for token in ("", "forged", theirs["token"]):
        refused = save(admin, room, [{"sha256": theirs["sha256"], "token": token}])
        assert (refused.status_code, refused.json()["code"]) == (400, "picture_unknown")
    own = upload(admin, room, picture(size=(10, 10))).json()
    swapped = save(admin, room, [{"sha256": theirs["sha256"], "token": own["token"]}])
    assert swapped.json()["code"] == "picture_unknown"
    assert Guideline.objects.count() == before


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"<svg onload='x'/>", 400, "not_a_picture"),
        (picture("PNG")[:60], 400, "not_a_picture"),
        (picture("PNG", (2001, 2)), 400, "picture_too_large"),
        (b"\x89PNG" + b"0" * (2 * 1024**2), 413, "too_large"),
        (b"\x89PNG" + b"0" * (3 * 1024**2), 413, "too_large"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_stored(
    log_in, settings, content, status, code
):
    room = make_room(log_in)
    refused = upload(admin_of(room), room, content)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert not list(settings.MEDIA_ROOT.glob("**/*"))
    assert not AuditEvent.objects.filter(action="round.picture_stored").exists()
