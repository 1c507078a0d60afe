"""The images of a read, under names of the read's own.

Only ordinary images are shown: reports, segmentations, CAD marks and whatever else was derived of
a case would tell an answer (DESIGN rule 3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.urls import reverse

from apps.cases.headers import blinded_headers
from apps.cases.models import CaseInstance, Instance, Study
from apps.errors import NotFound
from apps.feedback.compute.pseudonyms import uid_pseudonym
from apps.feedback.labeling.models.rounds import Read

EMPTY: Final[dict[str, Any]] = {
    "answers": [],
    "rois": [],
    "measurements": [],
    "nothing_found": False,
    "quality": [],
    "unreadable": False,
    "unreadable_reason": "",
    "comment": "",
}

_UID_TAGS = ("00080018", "0020000D", "0020000E", "00200052")


@dataclass(frozen=True)
class ReadUids:
    """The way between DICOM's UIDs and those of one read."""

    read_id: UUID

    def hidden(self, uid: str) -> str:
        """Give the read's own name of a UID."""
        return uid_pseudonym(uid, read_id=str(self.read_id), key=settings.SECRET_KEY)


def content_shown(read: Read, content: Mapping[str, Any]) -> dict[str, Any]:
    """Give stored content as one read names its images; of nothing, an empty form."""
    uids = ReadUids(read.pk)
    shown = {**EMPTY, **content}
    for name in ("rois", "measurements"):
        shown[name] = [
            {**mark, "sop_instance_uid": uids.hidden(mark["sop_instance_uid"])}
            for mark in shown[name]
        ]
    return shown


def instances_of(read: Read) -> list[Instance]:
    """List the images of a read in reading order, without headers and what a frame's bytes need."""
    return list(_instances_of(read).defer("metadata", "frame_ranges", "acquisition"))


def _instances_of(read: Read) -> QuerySet[Instance]:
    found = Instance.objects.filter(
        links__case=read.case_id, has_pixels=True, is_classifiable=True
    ).select_related("series")
    return found.order_by(
        "series__series_number", "series_id", "instance_number", "sop_instance_uid"
    )


def instance_of(read: Read, *, series: str, sop: str) -> Instance:
    """Give the image that a read calls by names of its own, with what a frame's bytes need.

    Raises
    ------
    NotFound : the read has no such image
    """
    uids = ReadUids(read.pk)
    links = CaseInstance.objects.filter(
        case=read.case_id, instance__has_pixels=True, instance__is_classifiable=True
    )
    for instance_id, uid in links.values_list("instance", "instance__sop_instance_uid"):
        if uids.hidden(uid) == sop:
            found: Instance = (
                Instance.objects.select_related("series").defer("metadata").get(pk=instance_id)
            )
            if uids.hidden(found.series.series_instance_uid) == series:
                return found
    raise NotFound


def headers_of(read: Read) -> list[dict[str, Any]]:
    """Give the allowed part of each image's header (DICOM JSON), its UIDs replaced."""
    found = _instances_of(read).defer("frame_ranges", "acquisition")
    return [_hidden_header(ReadUids(read.pk), each.metadata) for each in found]


def dicomweb_root(read: Read) -> str:
    """Give the address under which the viewer finds the read's images."""
    return reverse("read", kwargs={"read_id": read.pk}) + "/dicomweb"


def series_of(read: Read, study: Study, instances: list[Instance]) -> list[dict[str, Any]]:
    """Describe the read's series and images as the viewer needs them; no text of the header."""
    uids = ReadUids(read.pk)
    study_uid = uids.hidden(study.study_instance_uid)
    return [
        {
            "series_instance_uid": uids.hidden(series.series_instance_uid),
            "series_number": number,
            "modality": series.modality,
            "description": "",
            "body_part": series.body_part_examined,
            "laterality": series.laterality,
            "instances": [_instance_facts(uids, read, study_uid, each) for each in its],
        }
        for number, (series, its) in enumerate(
            groupby(instances, key=lambda instance: instance.series), start=1
        )
    ]


def _instance_facts(
    uids: ReadUids, read: Read, study_uid: str, instance: Instance
) -> dict[str, Any]:
    names = {
        "read_id": read.pk,
        "study": study_uid,
        "series": uids.hidden(instance.series.series_instance_uid),
        "sop": uids.hidden(instance.sop_instance_uid),
    }
    pictured = bool(instance.thumbnail_sha256)
    return {
        "instance_id": names["sop"],
        "sop_instance_uid": names["sop"],
        "instance_number": instance.instance_number,
        "view_position": instance.view_position,
        "rows": instance.rows,
        "columns": instance.columns,
        "number_of_frames": instance.number_of_frames,
        "row_spacing_mm": instance.row_spacing_mm,
        "column_spacing_mm": instance.column_spacing_mm,
        "spacing_kind": instance.spacing_kind,
        "has_pixels": instance.has_pixels,
        "thumbnail_url": reverse("read-thumbnail", kwargs=names) if pictured else "",
        "acquisition": {},
    }


def _hidden_header(uids: ReadUids, metadata: dict[str, Any]) -> dict[str, Any]:
    header = blinded_headers(metadata)
    for tag in _UID_TAGS:
        element = header.get(tag)
        if element is not None and element.get("Value"):
            header[tag] = {**element, "Value": [uids.hidden(uid) for uid in element["Value"]]}
    return header
