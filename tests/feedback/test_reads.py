"""From the stored JSON of a read to what it says."""

import pytest

from apps.feedback.compute.reads import FindingAnswer, Region, case_read

CONTENT = {
    "answers": [
        {"finding": "nodule", "value": "present", "grade": "", "confidence": 4},
        {"finding": "effusion", "value": "present", "grade": "small", "confidence": None},
        {"finding": "fracture", "value": "not_assessable", "grade": "", "confidence": None},
    ],
    "rois": [
        {
            "roi_id": "r1",
            "finding": "nodule",
            "sop_instance_uid": "1.2.3",
            "frame_number": 7,
            "kind": "freehand",
            "vertices": [[1, 2], [5, 2], [5, 6.5]],
            "laterality": "L",
        }
    ],
    "measurements": [
        {"measurement_id": "m1", "finding": "nodule", "length_mm": 4.5},
        {"measurement_id": "m2", "finding": "nodule", "length_mm": 6.25},
        {"measurement_id": "m3", "finding": "nodule", "length_mm": None},
        {"measurement_id": "m4", "finding": "effusion", "length_mm": None},
    ],
    "nothing_found": False,
    "quality": ["rotated"],
    "unreadable": False,
    "unreadable_reason": "",
    "comment": "",
}


def changed(**facts):
    return CONTENT | facts


def test_stored_read_with_its_longest_measurement():
    read = case_read(CONTENT)
    assert read.findings == {
        "nodule": FindingAnswer(
            "present",
            confidence=4,
            regions=(Region("1.2.3", 7, ((1.0, 2.0), (5.0, 2.0), (5.0, 6.5)), "r1"),),
            length_mm=6.25,
        ),
        "effusion": FindingAnswer("present", grade="small"),
        "fracture": FindingAnswer("not_assessable"),
    }
    assert read.findings["nodule"].regions[0].roi_id == "r1"
    assert (read.is_unreadable, read.is_nothing_found) == (False, False)


def test_nothing_found_answers_every_finding_and_unanswered_answers_none():
    nothing = case_read({"nothing_found": True})
    assert nothing.answer("nodule") == FindingAnswer("absent")
    unanswered = case_read({"answers": []})
    assert unanswered.answer("nodule") is None


def test_of_an_unreadable_case_nothing_else_is_taken():
    read = case_read(changed(unreadable=True, answers=[]))
    assert (read.is_unreadable, read.findings, read.answer("nodule")) == (True, {}, None)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"answers": [{"finding": "nodule", "value": "maybe"}]}, "unknown value 'maybe'"),
        ({"answers": CONTENT["answers"] + CONTENT["answers"][:1]}, "'nodule' is answered twice"),
        (
            {"answers": [{"finding": "nodule", "value": "present", "confidence": 6}]},
            "confidence of finding 'nodule' is not 1 to 5: 6",
        ),
        (
            {"answers": [{"finding": "nodule", "value": "present", "confidence": True}]},
            "is not 1 to 5: True",
        ),
        ({"answers": CONTENT["answers"][1:]}, r"without an answer: \['nodule'\]"),
        ({"measurements": [{"finding": "nodule", "length_mm": 0}]}, "not a positive number: 0"),
        (
            {"measurements": [{"finding": "nodule", "length_mm": float("nan")}]},
            "not a positive number: nan",
        ),
    ],
)
def test_malformed_read_is_named(facts, message):
    with pytest.raises(ValueError, match=message):
        case_read(changed(**facts))
