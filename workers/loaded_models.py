"""Networks in memory, by the hash of weights and spec; what fails its hash is never served."""

from collections import OrderedDict
from typing import Final

import torch

from apps import blobs
from apps.errors import CoreadError, NotFound
from apps.inference.compute.predict import LoadedModel, load_model
from apps.inference.services.claims import FrameFailure, ServedModel

KEPT: Final = 3


class ModelUnusable(Exception):  # noqa: N818  a verdict on stored weights, not a fault of the program
    """A model whose stored weights cannot be served, and why."""

    def __init__(self, code: str, *, cause: str = "") -> None:
        super().__init__(code)
        self.failure = FrameFailure(code, {"cause": cause} if cause else {}, is_final=True)


class LoadedModels:
    """The few models used last, on this process's device."""

    def __init__(self, *, device: torch.device, dtype: torch.dtype) -> None:
        self.device = device
        self._dtype = dtype
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()

    def get(self, served: ServedModel) -> LoadedModel:
        """Give a model ready to predict.

        Raises
        ------
        ModelUnusable : its weights are missing, have changed, or do not fit its spec
        """
        model = self._models.get(served.model_sha256) or self._load(served)
        self._models[served.model_sha256] = model
        self._models.move_to_end(served.model_sha256)
        while len(self._models) > KEPT:
            self._models.popitem(last=False)
        return model

    def _load(self, served: ServedModel) -> LoadedModel:
        try:
            with blobs.local_file(served.weights_sha256) as path:
                if blobs.sha256_of(path) != served.weights_sha256:
                    raise ModelUnusable("weights_damaged")
                return load_model(served.spec, path, device=self.device, dtype=self._dtype)
        except NotFound as error:
            raise ModelUnusable("weights_missing") from error
        except CoreadError as error:
            raise ModelUnusable("model_unusable", cause=error.code) from error


def best_device() -> tuple[torch.device, torch.dtype]:
    """Choose the GPU with bfloat16 in the trunk, else the CPU with float32."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32
