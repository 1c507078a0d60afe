"""What the apps above cases may wish to know of, told inside the transaction in which it happens.

cases cannot import them (apps depend downwards); they connect here in their AppConfig.ready.
"""

from typing import Final

from django.dispatch import Signal

# Sent with `case_id` (UUID) when a case is new, or an instance was added to it. A receiver writes
# its rows in the same transaction: none is lost, none is left behind by a failed ingest.
case_extended: Final = Signal()
