"""Manifests for tests, without the learning side that makes them."""

import json

from apps.inference.compute.snapshot import FORMAT, Snapshot


def write_snapshot(snapshot: Snapshot) -> bytes:
    """The bytes of a manifest; equal snapshots have equal ones."""
    items = [
        {
            "case": item.case,
            "rendition_sha256": item.rendition_sha256,
            "frame_number": item.frame_number,
            "part": item.part,
            "labels": item.labels,
            "rois": item.rois,
        }
        for item in snapshot.items
    ]
    value = {"format": FORMAT, "findings": list(snapshot.findings), "items": items}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
