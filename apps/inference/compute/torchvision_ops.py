"""Can torchvision, and so timm, be imported beside a CPU build of torch?

torchvision's wheel links CUDA libraries. Where they are absent its compiled operators do not load,
and its Python code then fails at import, because it attaches fake kernels to `torchvision::nms` and
`torchvision::qnms`. No network here uses those operators; their schemas are enough for the import.
Import this module before timm. Where the operators do load, nothing is defined.
"""

from __future__ import annotations

from typing import Final

import torch

# As in torchvision 0.28, csrc/ops/nms.cpp and csrc/ops/quantized/cpu/qnms_kernel.cpp
MISSING_SCHEMAS: Final = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def _define_missing_operators() -> torch.library.Library:
    """Define the schemas that torchvision's Python code refers to."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in MISSING_SCHEMAS:
        library.define(schema)
    return library


try:
    import torchvision
except RuntimeError as error:
    if "operator torchvision::" not in str(error):
        raise
    # Kept for the life of the process: a library that is collected takes its schemas with it.
    LIBRARY = _define_missing_operators()
    import torchvision  # noqa: F401
