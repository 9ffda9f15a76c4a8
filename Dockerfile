# GPT Inside Out in a container: docs/deployment.md says how to build and run it.
FROM python:3.11.11-slim-bookworm AS build
# The small torch: no CUDA. Where pip shall look for it; empty for the package index alone.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
RUN python -m venv .venv
COPY requirements.txt ./
RUN .venv/bin/python -m pip install $(grep '^torch==' requirements.txt) ${TORCH_INDEX:+--index-url $TORCH_INDEX}
RUN .venv/bin/python -m pip install -r requirements.txt
COPY app.py LICENSE ./
COPY model model
COPY viz viz
COPY assets assets
# The model that is baked in, so that the container needs no network; empty: it is fetched at the first start.
ARG MODEL=smollm2-135m-instruct
ENV GPT_INSIDE_OUT_CACHE=/app/cache HF_HOME=/app/cache/hub
RUN mkdir -p cache/precision && if [ -n "$MODEL" ]; then .venv/bin/python -m model.weights.fetch "$MODEL"; fi

FROM python:3.11.11-slim-bookworm
ARG MODEL=smollm2-135m-instruct
RUN useradd --create-home --uid 1000 gpt
COPY --from=build --chown=gpt:gpt /app /app
USER gpt
WORKDIR /app
ENV PYTHONUNBUFFERED=1 \
    GPT_INSIDE_OUT_CACHE=/app/cache \
    HF_HOME=/app/cache/hub \
    GPT_INSIDE_OUT_MODEL=${MODEL:-smollm2-135m-instruct} \
    GPT_INSIDE_OUT_HOST=0.0.0.0 \
    GPT_INSIDE_OUT_LOG_FORMAT=json
EXPOSE 7860
# The page is served within seconds; a restart is worth it only where the process does not answer at all.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD [".venv/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz', timeout=8)"]
# Not through a shell: SIGTERM reaches the app, which lets texts end.
CMD [".venv/bin/python", "app.py"]
