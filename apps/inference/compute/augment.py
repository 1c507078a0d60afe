"""How does one training image become many? Small rotations, shifts and scalings that move the drawn
regions with the image, and small changes of brightness, contrast and noise. No mirror images: the
heart lies on the left.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Ranges, each symmetric about no change.

    Parameters
    ----------
    rotation_deg, shift, scale : largest rotation; shift as a share of the image; change of size
    contrast, brightness : largest relative change of contrast; brightness in network units
    noise : standard deviation of added noise, network units
    """

    rotation_deg: float = 4.0
    shift: float = 0.04
    scale: float = 0.06
    contrast: float = 0.12
    brightness: float = 0.12
    noise: float = 0.02


def augmented(
    images: Tensor, regions: Tensor, settings: Augmentation, *, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """One random version of each image, and of its regions with the same movement.

    Parameters
    ----------
    images : float32 (N, C, H, W), network units; the edge is continued outwards
    regions : float32 (N, K, g, g), coverage 0 to 1; nothing outside
    settings : Augmentation
    generator : source of all randomness

    Returns
    -------
    images, regions : as given, moved
    """
    theta = random_affine(len(images), settings, generator=generator)
    moved = _sample(images, theta, padding="border")
    moved_regions = _sample(regions, theta, padding="zeros")
    each = (len(images), 1, 1, 1)
    contrast = 1.0 + settings.contrast * _symmetric(each, generator)
    brightness = settings.brightness * _symmetric(each, generator)
    noise = settings.noise * torch.randn(moved.shape, generator=generator)
    return moved * contrast + brightness + noise, moved_regions


def random_affine(count: int, settings: Augmentation, *, generator: torch.Generator) -> Tensor:
    """float32 (count, 2, 3): output to input points, in -1..1 as `affine_grid` takes them."""
    angle = torch.deg2rad(settings.rotation_deg * _symmetric((count,), generator))
    size = 1.0 + settings.scale * _symmetric((count,), generator)
    shift = 2.0 * settings.shift * _symmetric((count, 2), generator)
    cosine, sine = torch.cos(angle) * size, torch.sin(angle) * size
    rows = [cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]]
    return torch.stack(rows, dim=1).view(count, 2, 3)


def _sample(images: Tensor, theta: Tensor, *, padding: str) -> Tensor:
    grid = torch.nn.functional.affine_grid(theta, list(images.shape), align_corners=False)
    return torch.nn.functional.grid_sample(
        images, grid, mode="bilinear", padding_mode=padding, align_corners=False
    )


def _symmetric(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return 2.0 * torch.rand(shape, generator=generator) - 1.0
