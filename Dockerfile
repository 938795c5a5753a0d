# The service, and the builder of its index, which is a volume: `qa serve`, `qa index` and the rest.
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS installed
WORKDIR /source
RUN python -m venv /venv
# What changes seldom first: its layer is kept.
COPY requirements.txt .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.txt
# For the kernel; the image that serves has no compiler.
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml hatch_build.py README.md LICENSE CHANGELOG.md ./
COPY qa qa
COPY templates templates
# `opensearch` for an index in a cluster.
ARG EXTRAS=""
RUN /venv/bin/pip install --no-cache-dir --no-deps . \
    && if [ -n "$EXTRAS" ]; then /venv/bin/pip install --no-cache-dir ".[$EXTRAS]"; fi

FROM python:${PYTHON}-slim
# By number, so that a cluster can tell that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home verbatim \
    && install --directory --owner verbatim --group verbatim /index
COPY --from=installed /venv /venv
ENV PATH=/venv/bin:$PATH QA_INDEX=/index QA_HOST=0.0.0.0 PYTHONUNBUFFERED=1
USER 10001:10001
VOLUME /index
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD python -c "import os, urllib.request; \
    urllib.request.urlopen('http://127.0.0.1:%s/readyz' % os.environ.get('PORT', 8000), timeout=4)"
ENTRYPOINT ["qa"]
CMD ["serve"]
