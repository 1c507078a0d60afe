"""How do logits become probabilities? One place for softmax, sigmoid and temperature; no torch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from apps.inference.compute.spec import Activation


def probabilities_of(
    logits: NDArray[np.float32], *, activation: Activation, temperature: float = 1.0
) -> NDArray[np.float32]:
    """Calibrated probabilities.

    Parameters
    ----------
    logits : float32 (N, K)
    activation : softmax over the K outputs, or sigmoid of each
    temperature : divides the logits, above 0; 1 leaves them as they are

    Returns
    -------
    float32 (N, K) in [0, 1]; computed in float64

    Raises
    ------
    ValueError : temperature not above 0

    Source: temperature scaling, Guo et al., ICML 2017, eq. 9.
    """
    if not temperature > 0:
        raise ValueError("A temperature is above 0.")
    scaled = logits.astype(np.float64) / temperature
    values = softmax(scaled, axis=1) if activation == "softmax" else expit(scaled)
    return np.asarray(values, np.float32)
