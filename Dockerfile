# Two images from one file: `web` (no torch) and `worker` (torch and what stands on it).
#   docker build --target web    -t coread-web .
#   docker build --target worker -t coread-worker .
# On a machine without a GPU: --build-arg TORCH_INDEX_URL=<PyTorch's index of CPU builds>

FROM node:20-bookworm-slim AS frontend
WORKDIR /src/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY frontend/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    COREAD_ENV=production \
    COREAD_VAR=/var/lib/coread
RUN useradd --system --uid 10001 --home-dir /srv/coread --shell /usr/sbin/nologin coread \
 && install -d -o coread -g coread -m 0750 /var/lib/coread
WORKDIR /srv/coread
COPY requirements/ requirements/

FROM base AS web
RUN pip install --no-deps --require-hashes -r requirements/web.txt
COPY manage.py ./
COPY config/ config/
COPY apps/ apps/
COPY --from=frontend /src/frontend/dist frontend/dist
USER coread
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["python", "-c", \
  "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=2); c.request('GET', '/api/health'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]

FROM base AS worker
ARG TORCH_INDEX_URL=
ENV OMP_WAIT_POLICY=PASSIVE
RUN pip install ${TORCH_INDEX_URL:+--index-url "$TORCH_INDEX_URL"} -r requirements/torch.txt
RUN pip install --no-deps --require-hashes -r requirements/worker.txt
COPY manage.py ./
COPY config/ config/
COPY apps/ apps/
COPY workers/ workers/
USER coread
CMD ["celery", "--app", "workers.celery", "worker", "--queues", "interactive,gpu", "--concurrency", "1"]
