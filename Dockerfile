# One image for web, worker, scheduler and migration; deploy/entrypoint.sh chooses. Built from the lock alone:
# every package is checked against its hash, and nothing here is compiled or run by a package at install.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/avouch
COPY requirements.lock ./
RUN python -m venv /opt/avouch \
    && /opt/avouch/bin/pip install --require-hashes --no-deps -r requirements.lock
COPY config.py wsgi.py ./
COPY app app
COPY migrations migrations
COPY deploy/entrypoint.sh deploy/health.py deploy/
# Catalogues and bytecode are made once here, so that the running user needs to write nothing.
RUN find app -name '*.po' -exec sh -c '/opt/avouch/bin/pybabel -q compile -i "$1" -o "${1%.po}.mo"' _ {} \; \
    && /opt/avouch/bin/python -m compileall -q app migrations config.py wsgi.py

FROM python:3.11-slim-bookworm
RUN groupadd --system --gid 10001 avouch \
    && useradd --system --uid 10001 --gid avouch --home-dir /srv/avouch --shell /usr/sbin/nologin avouch
COPY --from=build /opt/avouch /opt/avouch
COPY --from=build /srv/avouch /srv/avouch
WORKDIR /srv/avouch
USER 10001:10001
ENV PATH=/opt/avouch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    GRANIAN_HOST=0.0.0.0 GRANIAN_PORT=8000 GRANIAN_WORKERS=2
EXPOSE 8000
# TERM: granian finishes requests, RQ finishes the job in hand.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "deploy/health.py"]
ENTRYPOINT ["deploy/entrypoint.sh"]
CMD ["web"]
