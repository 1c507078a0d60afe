"""What does training minimise? Cross-entropy of the labels that someone gave, and, where a region
was drawn, evidence in the wrong cells. Every term is a plain function of tensors.
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


def allowed_classes(labels: Tensor) -> Tensor:
    """Which classes of an exclusive group the labels leave open.

    Parameters
    ----------
    labels : float (N, K), 1 present, 0 absent, NaN where nobody judged, also for a class that is no
        finding

    Returns
    -------
    bool (N, K): the one present class; else all but the absent ones. No class is left open where
        two are present, or all are absent: such labels contradict the group
    """
    present, absent = labels == 1.0, labels == 0.0
    count = present.sum(dim=1, keepdim=True)
    return torch.where(count > 0, present & (count == 1), ~absent)


def exclusive_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """Cross-entropy of an exclusive group, of which labels may leave several classes open.

    Parameters
    ----------
    logits : float (N, K)
    allowed : bool (N, K), from `allowed_classes`

    Returns
    -------
    float (), mean of `-log(sum of the open classes' softmax)` over the rows whose labels say
        something, natural logarithm; 0 where there is none

    Source: likelihood of partial labels, Jin and Ghahramani, NeurIPS 2002; with one open class it
    is the softmax cross-entropy.
    """
    judged = allowed.any(dim=1) & ~allowed.all(dim=1)
    rows, mask = logits[judged], allowed[judged]
    if not len(rows):
        return logits.sum() * 0.0
    open_classes = rows.masked_fill(~mask, -torch.inf).logsumexp(dim=1)
    return (rows.logsumexp(dim=1) - open_classes).mean()


def exclusive_label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """`exclusive_loss` of labels as `label_loss` takes them."""
    return exclusive_loss(logits, allowed_classes(labels))


def region_loss(maps: Tensor, regions: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the cells of the class maps against the drawn regions.

    A cell's logit is `6 * CAM / scale - 3`, where the scale is the largest value of the finding's
    map in this batch, without gradient: only where evidence lies is judged, not how much there is;
    that is the label's concern. Cells inside and outside weigh the same, so that a small nodule is
    not lost in its background.

    Parameters
    ----------
    maps : float32 (N, K, h, w), class maps in logit units, signed
    regions : float32 (N, K, h, w), coverage 0 to 1 of each cell; all 0 where no region was drawn
    labels : float32 (N, K), 0 to 1, NaN where nobody judged; an absent finding has no region, a
        present one without a drawn region is left out

    Returns
    -------
    float32 (), mean over the findings, natural logarithm; 0 where nothing can be judged

    Source: alignment of class activation maps with drawn regions, as GG-CAM (arXiv 2202.07107).
    Departure: on analytic class maps, so first order only; cross-entropy of cells, which learns
    from absent findings too.
    """
    drawn = regions.flatten(2).amax(dim=2) > 0
    known = (drawn | (labels == 0.0))[:, :, None, None]
    scale = maps.detach().abs().amax(dim=(0, 2, 3)).clamp(min=1e-6)[None, :, None, None]
    losses = torch.nn.functional.binary_cross_entropy_with_logits(
        6.0 * maps / scale - 3.0, regions, reduction="none"
    )
    inside, outside = regions * known, (1.0 - regions) * known
    total = maps.new_zeros(())
    for weight in (inside, outside):
        weight_sum = weight.sum(dim=(0, 2, 3))
        total = total + ((losses * weight).sum(dim=(0, 2, 3)) / weight_sum.clamp(min=1e-6)).mean()
    return total / 2.0
