"""What does the head of a network read of each image: its pooled features, computed once."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from apps.inference.compute.head import LinearHead
from apps.inference.compute.networks import TimmNetwork
from apps.inference.compute.predict import LoadedModel


def pooled_features(
    model: LoadedModel, head: LinearHead, inputs: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Features after global average pooling, so that `features @ W.T + b` are the logits.

    The last bits depend on the size of the batch: who wants equal bits gives equal batches.

    Parameters
    ----------
    model : LoadedModel, float32
    head : LinearHead, of the model
    inputs : float32 (N, C, h, w), from `to_network_input`

    Returns
    -------
    float32 (N, features)

    Raises
    ------
    ValueError : a feature is not finite
    """
    network = cast(TimmNetwork, model.network)
    with torch.inference_mode():
        batch = torch.from_numpy(inputs).to(model.device)
        output = network.forward_features(batch.contiguous(memory_format=torch.channels_last))
        features = head.features(output).mean(dim=(2, 3)).cpu().numpy()
    if not np.isfinite(features).all():
        raise ValueError("A feature is not finite.")
    return features
