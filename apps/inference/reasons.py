"""The closed list of reasons why an image or a case has no answer, or a run no candidate: code to
English sentence.

The screens translate by code; a sentence takes its blanks from the reason's params.
"""

from collections.abc import Mapping
from typing import Any, Final

REASONS: Final[dict[str, str]] = {
    # a model leaves an image out
    "modality_unknown": "The image does not say its modality; the model reads {covered}.",
    "modality_not_covered": "Outside this model's scope: modality {given}; it reads {covered}.",
    "body_part_unknown": "The image does not say its body part; the model reads {covered}.",
    "body_part_not_covered": "Outside this model's scope: body part {given}; it reads {covered}.",
    "view_unknown": "The image does not say its view; the model reads {covered}.",
    "view_not_covered": "Outside this model's scope: view {given}; it reads {covered}.",
    "pixel_spacing_unknown": "The pixel spacing is unknown; the model needs {low_mm}-{high_mm} mm.",
    "pixel_spacing_not_covered": (
        "Outside this model's scope: pixel spacing {row_mm} x {column_mm} mm; "
        "it reads {low_mm}-{high_mm} mm."
    ),
    "not_classifiable": "This object holds no picture that a classifier can read.",
    "no_images": "The study has no images yet.",
    # an image could not be analysed
    "images_failed": "{failed} of {images} images could not be analysed ({cause}).",
    "worker_lost": "The analysis stopped without an answer {attempts} times.",
    "decode_failed": "The stored image could not be decoded.",
    "image_missing": "The stored image file is missing.",
    "integrity_check_failed": "The stored image file has changed since it was stored.",
    "image_not_display": "The stored image has no valid grey values.",
    "output_not_finite": "The model gave a number that is not finite.",
    "map_out_of_range": "A class map of the model is out of range.",
    "out_of_memory": "The device has too little memory for this image.",
    "compute_failed": "The model could not process this image.",
    "weights_missing": "The model's weights file is missing: import the model again.",
    "weights_damaged": "The model's weights file has changed: import the model again.",
    "model_unusable": "The model's weights do not fit its specification ({cause}).",
    # a training run ended without a candidate
    "run_worker_lost": "The training stopped {attempts} times without getting further.",
    "run_snapshot_missing": "The manifest of the snapshot is missing or has changed.",
    "snapshot_unreadable": "The manifest of the snapshot cannot be read: {detail}",
    "run_no_training_labels": "The training part has no label that the model knows.",
    "run_class_missing": "The training part does not show both sides of: {missing}.",
    "run_image_unusable": "An image of the snapshot cannot be read ({cause}).",
    "run_head_not_linear": "The model does not end in pooling and one linear layer.",
    "run_not_finite": "The training diverged: take a smaller learning rate.",
    "run_unknown_module": "The model has no module of this name: {detail}",
    "run_out_of_memory": "The device has too little memory: take smaller batches.",
    "run_compute_failed": "The training could not go on ({cause}).",
    "run_storage_full": "There is no room to store the training.",
    "model_version_exists": "{name} {version} exists already as another model.",
    # no model was asked
    "no_champion": "No model serves this project.",
    "not_requested": "No analysis has been asked for.",
}


def sentence(code: str, params: Mapping[str, Any]) -> str:
    """Give the English sentence of a reason; "" for no reason.

    Raises
    ------
    KeyError : a code that is not in the list, or a blank that `params` does not fill
    """
    words = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in params.items()
    }
    return REASONS[code].format_map(words) if code else ""
