# One image for every service of docker-compose.yml, and for Ray nodes elsewhere.
FROM python:3.11.14-slim-bookworm

# Nobody in here is root; a fresh volume under /checkpoints belongs to the same user.
RUN useradd --uid 1000 --create-home search \
    && install --directory --owner search --mode 0700 /checkpoints \
    && install --directory --owner search /work

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY lstm_attn lstm_attn
COPY search search
# With the drivers of object stores, which the lock file leaves to those who need them.
RUN pip install --no-cache-dir --disable-pip-version-check --no-build-isolation ".[postgres,s3,gs]"

USER search
WORKDIR /work
CMD ["lstm-search", "--help"]
