"""Training reads what prediction reads: an image that the model abstains from is neither's."""

import pytest

from apps.inference.compute.spec import ModelSpec
from apps.inference.selectors import refused_renditions
from tests.factories import InstanceFactory, ModelVersionFactory

pytestmark = pytest.mark.django_db


def test_images_outside_the_models_scope_are_refused_and_unknown_ones_are_not():
    spec = ModelSpec.from_json(ModelVersionFactory().spec)  # reads DX of the CHEST
    chest, hand = InstanceFactory(), InstanceFactory(series__body_part_examined="HAND")
    report = InstanceFactory(is_classifiable=False)
    asked = [each.rendition_sha256 for each in (chest, hand, report)] + ["f" * 64]
    assert refused_renditions(spec, asked) == {hand.rendition_sha256, report.rendition_sha256}
    assert refused_renditions(spec, []) == set()
