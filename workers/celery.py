"""The Celery application: JSON only, late acknowledgement, one message at a time, four queues."""

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402  settings must be named first

django.setup()
