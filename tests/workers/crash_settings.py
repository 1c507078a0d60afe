"""Settings of the workers that are killed: one image a job, short leases, a fast schedule.

Attempts are without end here: it is the operator who kills, not a poisoned image.
"""

from config.settings import *  # noqa: F403

LEASE_S = 4.0
MAXIMUM_ATTEMPTS = 10_000
MAXIMUM_BATCH = 1
JOB_BUDGET_S = -1.0  # one batch, then the job wakes itself again
JOB_TIME_LIMIT_S = 3600.0  # a frozen worker is woken by the test, not killed by the limit
RESCUE_EVERY_S = 0.5
TRAINING_THREADS = 1
TRAINING_LEASE_S = 4.0
TRAINING_BEAT_S = 0.2
TRAINING_CHECKPOINT_S = 0.0  # every epoch and every batch of features
TRAINING_WAKE_S = 0.5
