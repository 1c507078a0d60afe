"""From labels of cases to labels of images, and from people to parts; numbers worked by hand."""

import hashlib
import json
import random
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.feedback.compute.split import SHARES, part_of, patient_sha256
from apps.feedback.compute.training_manifest import CaseLabel, Frame, Region, manifest_of

SQUARE = [[1.0, 1.0], [5.0, 1.0], [5.0, 5.0], [1.0, 5.0]]
TRIANGLE = [[0.5, 0.0], [2.0, 0.0], [2.0, 3.25]]

FRONT, SIDE = Frame("aa", 1), Frame("bb", 1)


def label(case="c1", finding="nodule", *, part="train", is_present=True, before_ai=None, entry=""):
    entry = entry or f"{case}-{finding}"
    return CaseLabel(entry, case, finding, part, is_present, before_ai)


def manifest(*labels, frames=None, regions=None):
    frames = {"c1": [FRONT, SIDE]} if frames is None else frames
    return manifest_of(labels, frames=frames, regions=regions or {})


def labels_by_frame(made) -> dict[tuple[str, str], dict[str, bool]]:
    items = made.document["items"]
    return {(item["case"], item["rendition_sha256"]): item["labels"] for item in items}


def test_hand_worked_manifest_of_two_cases():
    made = manifest(
        label("c2", "effusion", is_present=False),
        label("c1", "nodule", is_present=True),
        label("c1", "effusion", is_present=False),
        label("c3", "nodule", part="test", is_present=True, before_ai=False),
        frames={"c1": [SIDE, FRONT], "c2": [Frame("cc", 1)], "c3": [Frame("dd", 2)]},
        regions={"c1-nodule": [Region(FRONT, SQUARE, True)]},
    )
    assert json.loads(made.to_bytes()) == {
        "format": 1,
        "findings": ["effusion", "nodule"],
        "items": [
            {
                "case": "c1",
                "rendition_sha256": "aa",
                "frame_number": 1,
                "part": "train",
                "labels": {"effusion": False, "nodule": True},
                "rois": {"nodule": [SQUARE]},
            },
            # the region says that the nodule is on the other image; here nobody knows
            {
                "case": "c1",
                "rendition_sha256": "bb",
                "frame_number": 1,
                "part": "train",
                "labels": {"effusion": False},
                "rois": {},
            },
            {
                "case": "c2",
                "rendition_sha256": "cc",
                "frame_number": 1,
                "part": "train",
                "labels": {"effusion": False},
                "rois": {},
            },
            # what was said before AI, not what was signed after it
            {
                "case": "c3",
                "rendition_sha256": "dd",
                "frame_number": 2,
                "part": "test",
                "labels": {"nodule": False},
                "rois": {},
            },
        ],
    }
    nothing = {"positive": 0, "negative": 0}
    assert made.counts == {
        "effusion": {
            "train": {"positive": 0, "negative": 2},
            "validation": nothing,
            "test": nothing,
        },
        "nodule": {
            "train": {"positive": 1, "negative": 0},
            "validation": nothing,
            "test": {"positive": 0, "negative": 1},
        },
    }
    assert made.image_counts == {"train": 3, "validation": 0, "test": 1}
    assert made.left_out == {}
    assert made.used["c3-nodule"] == ("test", False)


def test_positive_without_region_is_left_out_of_several_images_but_holds_for_a_single_one():
    made = manifest(label(), label("c2"), frames={"c1": [FRONT, SIDE], "c2": [FRONT]})
    assert made.left_out == {"positive_without_roi": 1}
    assert labels_by_frame(made) == {("c2", "aa"): {"nodule": True}}
    assert made.used == {"c2-nodule": ("train", True)}


@pytest.mark.parametrize("part", ["train", "validation"])
def test_negative_holds_for_every_image(part):
    made = manifest(label(part=part, is_present=False))
    assert labels_by_frame(made) == {
        ("c1", "aa"): {"nodule": False},
        ("c1", "bb"): {"nodule": False},
    }


def test_regions_of_a_negative_label_are_not_trained_on():
    regions = {"c1-nodule": [Region(FRONT, SQUARE, False)]}
    made = manifest(label(is_present=False), regions=regions)
    assert [item["rois"] for item in made.document["items"]] == [{}, {}]


def test_test_part_takes_only_labels_before_ai_for_every_image_of_the_case():
    made = manifest(
        label("c1", part="test", before_ai=True),
        label("c2", part="test", before_ai=None),
        frames={"c1": [FRONT, SIDE], "c2": [Frame("cc", 1)]},
        regions={"c1-nodule": [Region(FRONT, SQUARE, True), Region(FRONT, TRIANGLE, False)]},
    )
    assert made.left_out == {"no_label_before_ai": 1}
    assert labels_by_frame(made) == {
        ("c1", "aa"): {"nodule": True},
        ("c1", "bb"): {"nodule": True},
    }
    # the region that was drawn with AI in sight is not the reader's own
    assert made.document["items"][0]["rois"] == {"nodule": [TRIANGLE]}


def test_case_without_a_classifiable_image_is_left_out():
    made = manifest(label(), frames={})
    assert made.left_out == {"no_image": 1}
    assert made.document["items"] == []


def test_several_frames_of_one_instance_are_several_images():
    stack = [Frame("aa", number) for number in (1, 2, 3)]
    regions = {"c1-nodule": [Region(stack[1], SQUARE, False)]}
    made = manifest(label(), frames={"c1": stack}, regions=regions)
    assert [item["frame_number"] for item in made.document["items"]] == [2]


@given(st.randoms(use_true_random=False))
def test_bytes_do_not_depend_on_any_order(shuffled: random.Random):
    labels = [
        label(f"c{number}", finding, is_present=bool(number % 2), part=part, before_ai=True)
        for number, part in enumerate(("train", "validation", "test", "train"))
        for finding in ("nodule", "effusion")
    ]
    frames = {f"c{number}": [Frame(f"{number}{i}", 1) for i in range(3)] for number in range(4)}
    regions = {
        f"c{number}-nodule": [
            Region(Frame(f"{number}0", 1), SQUARE, False),
            Region(Frame(f"{number}0", 1), TRIANGLE, False),
        ]
        for number in range(4)
    }
    expected = manifest(*labels, frames=frames, regions=regions).to_bytes()

    def mixed(values):
        return shuffled.sample(list(values), len(list(values)))

    again = manifest(
        *mixed(labels),
        frames={case: mixed(its) for case, its in mixed(frames.items())},
        regions={entry: mixed(its) for entry, its in mixed(regions.items())},
    )
    assert again.to_bytes() == expected


def test_one_changed_label_changes_the_hash():
    def sha256(is_present):
        return hashlib.sha256(manifest(label(is_present=is_present)).to_bytes()).hexdigest()

    assert sha256(False) != sha256(True)


def test_two_rows_of_one_person_share_a_name_and_two_people_do_not():
    one = patient_sha256(patient_id="123", issuer="H1", identity_sha256="row 1")
    assert one == patient_sha256(patient_id=" 123 ", issuer="H1", identity_sha256="row 2")
    others = {
        patient_sha256(patient_id="123", issuer="H2", identity_sha256="row 1"),
        patient_sha256(patient_id="12", issuer="3H1", identity_sha256="row 1"),
        patient_sha256(patient_id="", issuer="H1", identity_sha256="row 1"),
        patient_sha256(patient_id="", issuer="H1", identity_sha256="row 2"),
    }
    assert len({one, *others}) == 5


def test_part_is_drawn_once_and_for_all_and_as_the_shares_say():
    project, other = uuid.UUID(int=1), uuid.UUID(int=2)
    people = [f"{number:064x}" for number in range(4000)]
    parts = [part_of(person, project=project) for person in people]
    assert parts == [part_of(person, project=project) for person in people]
    assert parts != [part_of(person, project=other) for person in people]
    # 4000 draws: a share of 0.15 has a standard deviation of sqrt(.15 * .85 / 4000) = 0.0056
    for part, share in SHARES.items():
        assert abs(parts.count(part) / len(parts) - share) < 0.03
    # HMAC-SHA256 of these two, its first 8 bytes over 2^64: 0.576 < 0.70, in every later version
    assert part_of("0" * 64, project=project) == "train"
