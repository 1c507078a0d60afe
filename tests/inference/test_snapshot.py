"""The manifest that a run trains on: read as written, or refused with the place of the mistake."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from apps.feedback.compute.training_manifest import CaseLabel, Frame, Region, manifest_of
from apps.inference.compute.snapshot import (
    Snapshot,
    SnapshotError,
    SnapshotItem,
    case_truth,
    label_matrix,
    read_snapshot,
)
from tests.inference.snapshots import write_snapshot

NAN = float("nan")
SQUARE = [[0, 0], [4, 0], [4, 4.5]]


def item(case: str, **changes: Any) -> SnapshotItem:
    facts: dict[str, Any] = {
        "rendition_sha256": "a" * 64,
        "frame_number": 1,
        "part": "train",
        "labels": {"nodule": True},
        "rois": {},
        **changes,
    }
    return SnapshotItem(case=case, **facts)


TWO = Snapshot(
    ("nodule", "effusion"),
    (item("one", rois={"nodule": [SQUARE]}), item("two", part="test", labels={})),
)


def test_a_manifest_comes_back_and_its_bytes_are_canonical() -> None:
    content = write_snapshot(TWO)
    assert read_snapshot(content) == TWO
    assert write_snapshot(read_snapshot(content)) == content
    assert b" " not in content
    assert [each.case for each in TWO.part("test")] == ["two"]


def test_what_the_learning_side_makes_is_read() -> None:
    frames = [Frame("a" * 64, 1), Frame("b" * 64, 1)]
    labels = [
        CaseLabel("e1", "c1", "nodule", "train", is_present=True, before_ai=None),
        CaseLabel("e2", "c1", "effusion", "train", is_present=False, before_ai=None),
        CaseLabel("e3", "c2", "nodule", "test", is_present=True, before_ai=False),
    ]
    drawn = Region(frames[1], [[0.0, 0.0], [4.0, 0.0], [4.0, 4.5]], ai_visible=True)
    manifest = manifest_of(labels, frames={"c1": frames, "c2": frames}, regions={"e1": [drawn]})
    snapshot = read_snapshot(manifest.to_bytes())
    assert snapshot.findings == ("effusion", "nodule")
    # the nodule is known on one image of the case, its absence of effusion on both
    first, second = snapshot.part("train")
    assert (first.labels, second.labels) == (
        {"effusion": False},
        {"effusion": False, "nodule": True},
    )
    assert set(second.rois) == {"nodule"}
    truth = case_truth(snapshot.part("train"), snapshot.findings)
    assert {name: values.tolist() for name, values in truth.labels.items()} == {
        "effusion": [0.0],
        "nodule": [1.0],
    }
    # what a reader saw before AI counts in the test part
    assert [item.labels for item in snapshot.part("test")] == [{"nodule": False}] * 2


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(write_snapshot(TWO))
    change(value)
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v.update(format=2), "another format"),
        (lambda v: v.update(findings=[]), "names no findings"),
        (lambda v: v.update(findings=["nodule", "nodule"]), "names no findings"),
        (lambda v: v.update(items={}), "no items"),
        (lambda v: v["items"].append(3), "Item 3 of the manifest is no object"),
        (lambda v: v["items"][1].update(part="exam"), "Item 2 .* no part"),
        (lambda v: v["items"][1].update(case=7), "Item 2 .* no case"),
        (lambda v: v["items"][0].update(rendition_sha256="../x"), "Item 1 .* no image"),
        (lambda v: v["items"][0].update(frame_number=0), "Item 1 .* no frame"),
        (lambda v: v["items"][0].update(frame_number=True), "Item 1 .* no frame"),
        (lambda v: v["items"][0].update(labels={"nodule": 1}), "neither true nor false"),
        (lambda v: v["items"][0].update(labels={"fracture": True}), "does not name"),
        (lambda v: v["items"][0].update(rois={"nodule": [[[0, 0], [1, 1]]]}), "polygons"),
        (lambda v: v["items"].append(v["items"][0]), "repeats an image"),
        (
            lambda v: v["items"].append({**v["items"][0], "frame_number": 2, "part": "test"}),
            "another part",
        ),
        (
            lambda v: v["items"].append(
                {**v["items"][0], "frame_number": 2, "labels": {"nodule": False}}
            ),
            "two answers to nodule",
        ),
    ],
)
def test_a_wrong_manifest_is_refused_with_its_place(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(SnapshotError, match=message):
        read_snapshot(changed(change))


def test_what_is_no_json_is_refused() -> None:
    for content in (b"", b"\xff", b"[]", b"[" * 10**5):
        with pytest.raises(SnapshotError):
            read_snapshot(content)


def test_labels_of_images_are_gathered_by_case_and_gaps_stay_gaps() -> None:
    items = [
        item("b", labels={"nodule": True}),
        item("a", labels={"nodule": False, "effusion": True}),
        item("b", labels={"effusion": False}, frame_number=2),
    ]
    np.testing.assert_array_equal(
        label_matrix(items, ["nodule", None, "effusion"]),
        np.array([[1, NAN, NAN], [0, NAN, 1], [NAN, NAN, 0]], np.float32),
    )
    truth = case_truth(items, ["nodule", "effusion"])
    assert truth.cases.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(truth.labels["nodule"], [1.0, 0.0])
    np.testing.assert_array_equal(truth.labels["effusion"], [0.0, 1.0])
