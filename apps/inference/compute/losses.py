"""What does training minimise? Cross-entropy of the labels that someone gave, and, where a region
was drawn, the share of evidence that falls outside it. Every term is a plain function of tensors.
"""

from __future__ import annotations

import torch
from torch import Tensor


def label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy over the labels that exist.

    Parameters
    ----------
    logits : float32 (N, K)
    labels : float32 (N, K), 0 to 1 (a share of readers may stand between), NaN where nobody judged

    Returns
    -------
    float32 (), mean over the judged labels, natural logarithm; 0 where there is none
    """
    judged = ~torch.isnan(labels)
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, torch.nan_to_num(labels), reduction="none"
    )
    return (losses * judged).sum() / judged.sum().clamp(min=1)


def region_loss(maps: Tensor, regions: Tensor) -> Tensor:
    """Share of the positive evidence that lies outside the region drawn for it.

    Parameters
    ----------
    maps : float32 (N, K, h, w), class maps in logit units, signed
    regions : float32 (N, K, h, w), coverage 0 to 1 of each cell; all 0 where no region was drawn

    Returns
    -------
    float32 () in [0, 1], mean of `1 - sum(max(CAM, 0) * region) / sum(max(CAM, 0))` over the pairs
    (image, finding) with a region; 0 where there is none

    Source: alignment of class activation maps with gaze or ROI, as GG-CAM (arXiv 2202.07107).
    Departure: on analytic class maps, so first order only; share instead of a distance.
    """
    drawn = regions.flatten(2).amax(dim=2) > 0
    evidence = maps.clamp(min=0.0)
    inside = (evidence * regions).flatten(2).sum(dim=2)
    share = inside / evidence.flatten(2).sum(dim=2).clamp(min=1e-6)
    return ((1.0 - share) * drawn).sum() / drawn.sum().clamp(min=1)
