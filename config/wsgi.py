"""Entry point of the web process."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# Every view now, not while the first reader whom this process serves is waiting.
import_module(settings.ROOT_URLCONF)
