"""How does gunicorn serve Coread? The same file for `make run` and for the web container.

Threads, because a request that streams a DICOM frame mostly waits for the disk. No access log:
paths hold UIDs, a DICOMweb query may hold a name; config.middleware logs what may be kept.
"""

import os

bind = os.environ.get("COREAD_BIND", "127.0.0.1:8000")
worker_class = "gthread"
# The kernel shares connections out evenly: else one process takes most of those that stay open.
reuse_port = True
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 120  # an upload is judged within its request: 10 s in the ingest gate, and a large body
graceful_timeout = 10
keepalive = 30
max_requests = 0
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
# Django reads the TLS proxy's headers itself, where COREAD_BEHIND_TLS_PROXY says so.
forwarded_allow_ips = "127.0.0.1"
