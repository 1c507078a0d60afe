"""Under which names does our network hold the tensors of a foreign state dict?

Pure string work, so that a mapping can be read and tested without a network. Equality of function,
not only of names and shapes, is shown in tests/inference/test_key_maps.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from apps.inference.compute.json_fields import SpecError
from apps.inference.compute.spec import KeyMap

# Blocks per stage of MobileNetV2 (Sandler et al., CVPR 2018, table 2, column n)
MOBILENET_V2_BLOCKS: Final = (1, 2, 3, 4, 3, 3, 1)
DEPTHWISE_LAYERS: Final = {"0.0": "conv_dw", "0.1": "bn1", "1": "conv_pw", "2": "bn2"}
INVERTED_LAYERS: Final = {
    "0.0": "conv_pw",
    "0.1": "bn1",
    "1.0": "conv_dw",
    "1.1": "bn2",
    "2": "conv_pwl",
    "3": "bn3",
}
BATCH_NORM_TENSORS: Final = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


def map_keys(names: Iterable[str], *, key_map: KeyMap | None) -> dict[str, str]:
    """Name in our network for each name in a weights file.

    Parameters
    ----------
    names : tensor names of the file
    key_map : which naming the file follows, None for our own (timm's)

    Returns
    -------
    dict from file name to network name, one to one

    Raises
    ------
    SpecError : `key_map_mismatch` where a name does not belong to that naming
    """
    if key_map is None:
        return {name: name for name in names}
    table = torchvision_mobilenet_v2_keys()
    unknown = sorted(set(names) - set(table))
    if unknown:
        raise SpecError(
            "key_map_mismatch", f"Tensor {unknown[0]!r} is no name that {key_map} knows."
        )
    return {name: table[name] for name in names}


def torchvision_mobilenet_v2_keys() -> dict[str, str]:
    """All 314 tensor names of torchvision's MobileNetV2, each with timm's `mobilenetv2_100` name.

    Source: torchvision/models/mobilenetv2.py (0.28) and timm/models/_efficientnet_blocks.py (1.0).
    """
    layers = {"features.0.0": "conv_stem", "features.0.1": "bn1"}
    number = 1
    for stage, count in enumerate(MOBILENET_V2_BLOCKS):
        for block in range(count):
            inner = DEPTHWISE_LAYERS if number == 1 else INVERTED_LAYERS
            for theirs, ours in inner.items():
                layers[f"features.{number}.conv.{theirs}"] = f"blocks.{stage}.{block}.{ours}"
            number += 1
    layers |= {f"features.{number}.0": "conv_head", f"features.{number}.1": "bn2"}
    table = {
        f"{theirs}.{tensor}": f"{ours}.{tensor}"
        for theirs, ours in layers.items()
        for tensor in (BATCH_NORM_TENSORS if "bn" in ours else ("weight",))
    }
    return table | {
        f"classifier.1.{tensor}": f"classifier.{tensor}" for tensor in ("weight", "bias")
    }
