# One image for every process. Nothing in it is secret, and nothing in it runs as root.

FROM node:24-bookworm-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
COPY requirements.txt requirements.lock ./
RUN pip install --no-cache-dir "$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' requirements.lock)" \
    && uv venv /opt/venv \
    && uv pip install --python /opt/venv/bin/python --no-build --no-cache --compile-bytecode \
        -r requirements.txt -c requirements.lock

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data chainmakes \
    && install -d -o chainmakes -g chainmakes -m 0700 /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY --from=front-end /build/node_modules node_modules
COPY . .
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=chainmakes.settings \
    CHAINMAKES_HOME=/data \
    NUMBA_CACHE_DIR=/data/numba
RUN python scripts/compile_messages.py && python -m compileall -q accounts bots chainmakes exchanges trading
USER chainmakes
EXPOSE 8000
VOLUME /data
CMD ["daphne", "-b", "0.0.0.0", "-p", "8000", "-v", "0", "chainmakes.asgi:application"]
