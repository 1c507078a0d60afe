"""Is this folder a model: a `spec.json` and the one safetensors file it names, unaltered?

Reads headers and bytes only, never torch: a weights file is judged before anything could be built
from it. A pickle runs code when it is loaded, so it is refused by content whatever its name says.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from apps.errors import Invalid
from apps.inference.compute.json_fields import Json
from apps.inference.compute.spec import ModelSpec

SPEC_FILE: Final = "spec.json"
MAX_SPEC_BYTES: Final = 4 * 1024 * 1024
MAX_HEADER_BYTES: Final = 64 * 1024 * 1024
READ_BYTES: Final = 1024 * 1024

# First bytes of what torch.save and pickle write: zip archives and pickle protocol 2 to 5.
PICKLE_MAGIC: Final = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

BYTES_PER_VALUE: Final = {
    "BOOL": 1, "U8": 1, "I8": 1, "U16": 2, "I16": 2, "F16": 2, "BF16": 2,
    "U32": 4, "I32": 4, "F32": 4, "U64": 8, "I64": 8, "F64": 8,
}  # fmt: skip


class ModelFolderError(Invalid):
    """A model folder that cannot be accepted: `code` is stable, `message` says what and where."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, code=code)


@dataclass(frozen=True)
class TensorHeader:
    """Type and shape of a tensor as the safetensors header declares them."""

    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True)
class WeightsHeader:
    """What a safetensors file says of itself, without its numbers."""

    tensors: dict[str, TensorHeader]
    metadata: dict[str, str]


@dataclass(frozen=True)
class ModelFolder:
    """A checked model folder."""

    spec: ModelSpec
    weights_path: Path
    weights_sha256: str


def read_model_folder(path: Path) -> ModelFolder:
    """Read and check a folder with `spec.json` and the weights it names.

    Parameters
    ----------
    path : folder; nothing outside it is read, links are refused

    Returns
    -------
    ModelFolder : spec, path of the weights and their sha256 (equal to the spec's)

    Raises
    ------
    SpecError : the spec is wrong
    ModelFolderError : `spec_missing`, `spec_too_large`, `spec_not_json`, `weights_missing`,
        `weights_pickle`, `weights_not_safetensors`, `weights_hash_mismatch`
    """
    spec = ModelSpec.from_json(read_spec_json(path / SPEC_FILE))
    weights_path = path / spec.weights.file
    return ModelFolder(spec, weights_path, check_weights(weights_path, sha256=spec.weights.sha256))


def read_spec_json(path: Path) -> Json:
    """Parse a `spec.json` of reasonable size; raises `ModelFolderError` as `read_model_folder`."""
    if path.is_symlink() or not path.is_file():
        raise ModelFolderError(
            "spec_missing", f"{path.name} is missing or is not an ordinary file."
        )
    if path.stat().st_size > MAX_SPEC_BYTES:
        raise ModelFolderError(
            "spec_too_large", f"{path.name} is larger than {MAX_SPEC_BYTES} bytes."
        )
    try:
        value: Json = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ModelFolderError("spec_not_json", f"{path.name} is not JSON in UTF-8.") from error
    return value


def check_weights(path: Path, *, sha256: str) -> str:
    """Check that a file is safetensors with this content hash; returns the hash.

    Raises
    ------
    ModelFolderError : `weights_missing`, `weights_pickle`, `weights_not_safetensors`,
        `weights_hash_mismatch`
    """
    describe_weights(path)
    found = file_sha256(path)
    if found != sha256:
        raise ModelFolderError(
            "weights_hash_mismatch",
            f"{path.name} has sha256 {found}, but the spec names {sha256}: the file was changed, "
            "or the spec belongs to another one.",
        )
    return found


def file_sha256(path: Path) -> str:
    """Lower-case hexadecimal sha256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(READ_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def describe_weights(path: Path) -> WeightsHeader:
    """Read the header of a safetensors file and check that the file is exactly what it declares.

    Parameters
    ----------
    path : file, 8 bytes header length (little-endian), JSON header, tensor bytes

    Returns
    -------
    WeightsHeader : at least one tensor; offsets are contiguous, cover the file, and fit the shapes

    Raises
    ------
    ModelFolderError : `weights_missing`, `weights_pickle`, `weights_not_safetensors`

    Source: safetensors format, github.com/huggingface/safetensors, README "Format".
    """
    if path.is_symlink() or not path.is_file():
        raise ModelFolderError(
            "weights_missing", f"{path.name} is missing or is not an ordinary file."
        )
    size = path.stat().st_size
    with path.open("rb") as stream:
        start = stream.read(8)
        if start.startswith(PICKLE_MAGIC):
            raise ModelFolderError(
                "weights_pickle",
                f"{path.name} is a zip archive or a pickle (torch.save), which can run code; "
                "convert it to safetensors.",
            )
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(size - 8, MAX_HEADER_BYTES):
            raise _not_safetensors(path, "its header length does not fit the file")
        header = stream.read(length)
    return _parse_header(path, header, data_bytes=size - 8 - length)


def _not_safetensors(path: Path, reason: str) -> ModelFolderError:
    return ModelFolderError("weights_not_safetensors", f"{path.name} is not safetensors: {reason}.")


def _parse_header(path: Path, header: bytes, *, data_bytes: int) -> WeightsHeader:
    try:
        value: Json = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise _not_safetensors(path, "its header is not JSON") from error
    if not isinstance(value, dict):
        raise _not_safetensors(path, "its header is not a JSON object")
    metadata = value.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        raise _not_safetensors(path, "its metadata is not a JSON object")
    entries = {name: _parse_tensor(path, name, entry) for name, entry in value.items()}
    end = 0
    for _, first, last in sorted(entries.values(), key=lambda entry: entry[1:]):
        if first != end:
            raise _not_safetensors(path, "its tensors overlap or leave gaps")
        end = last
    if not entries or end != data_bytes:
        raise _not_safetensors(path, "its tensors do not cover the file")
    return WeightsHeader(
        tensors={name: entry[0] for name, entry in entries.items()},
        metadata={name: str(text) for name, text in metadata.items()},
    )


def _parse_tensor(path: Path, name: str, entry: Json) -> tuple[TensorHeader, int, int]:
    if not isinstance(entry, dict):
        raise _not_safetensors(path, f"tensor {name!r} is not described")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if (
        not isinstance(dtype, str)
        or not isinstance(shape, list)
        or not isinstance(offsets, list)
        or len(offsets) != 2
    ):
        raise _not_safetensors(path, f"tensor {name!r} lacks dtype, shape or offsets")
    sides = tuple(side for side in shape if isinstance(side, int) and side >= 0)
    first, last = offsets
    if len(sides) < len(shape) or not isinstance(first, int) or not isinstance(last, int):
        raise _not_safetensors(path, f"tensor {name!r} has a shape or offset that is no number")
    if last - first != math.prod(sides) * BYTES_PER_VALUE.get(dtype, -1):
        raise _not_safetensors(path, f"tensor {name!r} does not have the bytes of its shape")
    return TensorHeader(dtype, sides), first, last
