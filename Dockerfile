# The image has all four commands; `docker run IMAGE check` asks what a key may do, `--entrypoint serving-rules` writes rules.
# Nothing is written outside /var/lib/serving-exporter and /pack, so the root file system may be read-only.
ARG PYTHON=3.13.9-slim-bookworm

# --- a wheel of ours, and an environment from the lock file ---------------------------------------------------------------------
FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
# Dependencies first: they change seldom, and this layer stays in the cache. Wheels only: nothing is compiled, no compiler is needed.
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv --without-pip /opt/serving-exporter \
 && python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > /tmp/dependencies.txt \
 && pip --python /opt/serving-exporter/bin/python install --only-binary :all: --constraint requirements.lock --requirement /tmp/dependencies.txt
COPY exporter exporter
COPY grafana/serving_dashboards grafana/serving_dashboards
COPY rules/serving_rules rules/serving_rules
COPY simulator simulator
RUN pip wheel --no-deps --wheel-dir /tmp/wheels . \
 && pip --python /opt/serving-exporter/bin/python install --no-deps /tmp/wheels/*.whl \
 && /opt/serving-exporter/bin/python -m compileall -q -j 0 /opt/serving-exporter/lib

# --- what runs ------------------------------------------------------------------------------------------------------------------
FROM python:${PYTHON}
ARG VERSION
LABEL org.opencontainers.image.title="serving-exporter" \
      org.opencontainers.image.description="Settings, status, price and start-ups of managed model deployments next to their load, for Prometheus" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# No installers in what runs. A user without a name or a home; its two folders are what volumes take their owner from.
RUN rm -rf /usr/local/bin/pip* /usr/local/bin/idle* /usr/local/lib/python3*/ensurepip /usr/local/lib/python3*/idlelib \
      /usr/local/lib/python3*/site-packages/* \
 && install -d -o 65532 -g 65532 /var/lib/serving-exporter /pack
COPY --from=build /opt/serving-exporter /opt/serving-exporter
ENV PATH=/opt/serving-exporter/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STATE_DIRECTORY=/var/lib/serving-exporter
USER 65532:65532
WORKDIR /var/lib/serving-exporter
VOLUME /var/lib/serving-exporter
EXPOSE 9816
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 CMD ["serving-exporter", "health"]
ENTRYPOINT ["serving-exporter"]
CMD ["serve"]
