"""Where in the image does each logit come from, exactly, for a network with a linear head?

One matrix product on the feature map of the prediction itself; no gradient. The maps are data:
signed, on the network's grid, in logit units; colour and enlargement are the client's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from apps.inference.compute.head import LinearHead

# A quarter of what a reader may be shown as difference between map and logit, 1e-3 logit units
MEAN_TOLERANCE: Final = 2.5e-4


def class_maps(head: LinearHead, features: Tensor) -> Tensor:
    """Class activation maps of all outputs.

    Parameters
    ----------
    head : LinearHead, on the device of `features`
    features : float32 (N, C, h, w), any memory order, from `head.features`

    Returns
    -------
    float32 (N, K, h, w), signed, logit units: `CAM_k = sum over c of W_kc * A_c`. Its mean over the
    cells plus `head.bias[k]` is logit k; divided by h * w it is Grad-CAM of logit k before ReLU.

    Raises
    ------
    ValueError : features are not float32 (N, C, h, w) with the head's C

    Source: Zhou et al., CVPR 2016, eq. 2; equality with Grad-CAM: Selvaraju et al., ICCV 2017,
    section 3.1. Departure: the bias is left out, so that maps of one image add up to logit - bias.
    """
    if features.ndim != 4 or features.dtype != torch.float32:
        raise ValueError("Class maps need float32 features (N, C, h, w).")
    if features.shape[1] != head.weight.shape[1]:
        raise ValueError(
            f"The head reads {head.weight.shape[1]} channels, not {features.shape[1]}."
        )
    # A matrix product and no 1 x 1 convolution: cuDNN may run that in TF32, with 10 bits.
    if features.is_contiguous():
        flat = torch.matmul(head.weight, features.flatten(2))
        return flat.view(features.shape[0], -1, *features.shape[2:])
    maps: Tensor = torch.nn.functional.linear(features.permute(0, 2, 3, 1), head.weight)
    return maps.permute(0, 3, 1, 2)


def keep_means(maps: NDArray[np.float16], *, means: NDArray[np.float32]) -> None:
    """Undo what rounding to float16 did to the means, so that stored maps add up to the logits.

    Where large cells of both signs cancel, the rounding errors of the cells outweigh a small mean.
    Their sum is then put on the map's cell of least magnitude, where float16 is finest.

    Parameters
    ----------
    maps : float16 (N, K, h, w), C-contiguous, finite; changed in place
    means : float32 (N, K), means of the maps before rounding

    Source: none, own; a cell changes by at most h * w half units of the largest cell's last place.
    """
    cells = maps.shape[2] * maps.shape[3]
    flat = maps.reshape(-1, cells)
    missing = means.reshape(-1) * cells - flat.sum(axis=1, dtype=np.float32)
    rows = np.flatnonzero(np.abs(missing) > MEAN_TOLERANCE * cells)
    finest = np.abs(flat[rows]).argmin(axis=1)
    flat[rows, finest] = flat[rows, finest].astype(np.float32) + missing[rows]


def evidence_maps(
    maps: NDArray[np.floating], groups: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    """Evidence for each output against its alternatives.

    Parameters
    ----------
    maps : float (..., K, h, w), from `class_maps` or as stored in float16
    groups : exclusive groups, disjoint lists of output indices

    Returns
    -------
    float32, shape of `maps`: within a group the map minus the mean of the group's other maps
    (softmax does not see what is added to all of them, so a single logit's map misleads); outputs
    in no group unchanged

    Raises
    ------
    ValueError : a group of fewer than two outputs
    """
    evidence = np.array(maps, np.float32)
    for group in groups:
        members = list(group)
        if len(members) < 2:
            raise ValueError("An exclusive group has two outputs or more.")
        chosen = evidence[..., members, :, :]
        total = chosen.sum(axis=-3, keepdims=True)
        evidence[..., members, :, :] = chosen - (total - chosen) / (len(members) - 1)
    return evidence
