# An image with the package, gearmand and the tests. Its default command runs the tests.
FROM debian:bookworm-slim

WORKDIR /src
RUN useradd --create-home gearman-cffi && chown gearman-cffi /src
ENV GEARMAN_CFFI_VENV=/home/gearman-cffi/venv

# Layers that rarely change come first: system packages, then the development tools, then the source.
COPY script/bootstrap script/
RUN script/bootstrap system && rm -rf /var/lib/apt/lists/*

USER gearman-cffi
COPY pyproject.toml ./
RUN script/bootstrap tools && rm -rf ~/.cache

COPY --chown=gearman-cffi . ./
RUN script/bootstrap package

CMD ["script/test"]
