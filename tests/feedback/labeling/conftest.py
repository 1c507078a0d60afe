"""What several files of tests of rounds begin with."""

import pytest

from tests.feedback.labeling.desk import Desk


@pytest.fixture
def desk(log_in) -> Desk:
    return Desk(log_in)
