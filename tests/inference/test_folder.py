import io
import json
import struct
from pathlib import Path

import pytest
import torch

from apps.inference.compute.folder import (
    MAX_SPEC_BYTES,
    ModelFolderError,
    describe_weights,
    read_model_folder,
)
from apps.inference.compute.spec import SpecError
from tests.inference.model_specs import write_folder

TENSORS = {"fc.weight": torch.ones(2, 3, dtype=torch.float16), "fc.bias": torch.zeros(2)}


def safetensors_bytes(header: object, data: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(first: int, last: int, shape: list[object], dtype: object = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


def test_model_folder_is_read(tmp_path: Path) -> None:
    spec = write_folder(tmp_path, tensors=TENSORS)
    folder = read_model_folder(tmp_path)
    assert folder.spec == spec
    assert folder.weights_path == tmp_path / "lung.safetensors"
    assert folder.weights_sha256 == spec.weights.sha256


def test_weights_header_names_types_and_shapes(tmp_path: Path) -> None:
    write_folder(tmp_path, tensors=TENSORS)
    header = describe_weights(tmp_path / "lung.safetensors")
    assert {name: (t.dtype, t.shape) for name, t in header.tensors.items()} == {
        "fc.weight": ("F16", (2, 3)),
        "fc.bias": ("F32", (2,)),
    }


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path, tensors=TENSORS)
    path = tmp_path / "lung.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFolderError) as refused:
        read_model_folder(tmp_path)
    assert refused.value.code == "weights_hash_mismatch"


@pytest.mark.parametrize("is_zip", [True, False])
def test_pickle_is_refused_whatever_its_name(tmp_path: Path, is_zip: bool) -> None:
    write_folder(tmp_path, tensors=TENSORS)
    stream = io.BytesIO()
    torch.save(TENSORS, stream, _use_new_zipfile_serialization=is_zip)
    (tmp_path / "lung.safetensors").write_bytes(stream.getvalue())
    with pytest.raises(ModelFolderError) as refused:
        read_model_folder(tmp_path)
    assert refused.value.code == "weights_pickle"


@pytest.mark.parametrize(
    ("reason", "content"),
    [
        ("header length", b""),
        ("header length", b"short"),
        ("header length", b"\x00" * 64),
        ("header length", struct.pack("<Q", 2**63) + b"{}"),
        ("not JSON", safetensors_bytes(b"{not json", b"")),
        ("not JSON", safetensors_bytes(b"[" * 100_000, b"")),
        ("not a JSON object", safetensors_bytes([1], b"")),
        ("metadata", safetensors_bytes({"__metadata__": [1]}, b"")),
        ("do not cover", safetensors_bytes({}, b"")),
        ("not described", safetensors_bytes({"a": 3}, b"")),
        ("lacks dtype", safetensors_bytes({"a": {"dtype": "F32"}}, b"")),
        ("no number", safetensors_bytes({"a": entry(0, 8, ["2"])}, bytes(8))),
        ("no number", safetensors_bytes({"a": entry(0, 8, [-2])}, bytes(8))),
        ("bytes of its shape", safetensors_bytes({"a": entry(0, 8, [3])}, bytes(8))),
        ("bytes of its shape", safetensors_bytes({"a": entry(0, 8, [2], "F31")}, bytes(8))),
        ("do not cover", safetensors_bytes({"a": entry(0, 8, [2])}, bytes(7))),
        ("do not cover", safetensors_bytes({"a": entry(0, 8, [2])}, bytes(9))),
        (
            "overlap",
            safetensors_bytes({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, bytes(12)),
        ),
        ("gaps", safetensors_bytes({"a": entry(4, 12, [2])}, bytes(12))),
    ],
)
def test_file_that_is_not_safetensors_is_refused(
    tmp_path: Path, reason: str, content: bytes
) -> None:
    path = tmp_path / "lung.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFolderError, match=reason) as refused:
        describe_weights(path)
    assert refused.value.code == "weights_not_safetensors"


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError) as refused:
        read_model_folder(tmp_path)
    assert refused.value.code == "spec_missing"
    write_folder(tmp_path, tensors=TENSORS)
    (tmp_path / "lung.safetensors").unlink()
    with pytest.raises(ModelFolderError) as refused:
        read_model_folder(tmp_path)
    assert refused.value.code == "weights_missing"


@pytest.mark.parametrize("name", ["spec.json", "lung.safetensors"])
def test_links_out_of_the_folder_are_not_followed(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path / "a", tensors=TENSORS)
    write_folder(tmp_path / "b", tensors=TENSORS)
    (tmp_path / "a" / name).unlink()
    (tmp_path / "a" / name).symlink_to(tmp_path / "b" / name)
    with pytest.raises(ModelFolderError) as refused:
        read_model_folder(tmp_path / "a")
    assert refused.value.code in {"spec_missing", "weights_missing"}


@pytest.mark.parametrize(
    ("code", "content"),
    [
        ("spec_not_json", b"{"),
        ("spec_not_json", b"\xff\xfe{}"),
        ("spec_not_json", b"[" * 100_000),
        ("spec_too_large", b" " * (MAX_SPEC_BYTES + 1)),
    ],
)
def test_spec_that_cannot_be_read_is_refused(tmp_path: Path, code: str, content: bytes) -> None:
    write_folder(tmp_path, tensors=TENSORS)
    (tmp_path / "spec.json").write_bytes(content)
    with pytest.raises(ModelFolderError) as refused:
        read_model_folder(tmp_path)
    assert refused.value.code == code


def test_contradictory_spec_is_refused_before_the_weights_are_read(tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_text("{}")
    with pytest.raises(SpecError):
        read_model_folder(tmp_path)
