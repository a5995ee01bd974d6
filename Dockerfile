# One image with the commands `stoker-controller`, `stoker-webhook` and `stoker-agent`, and the command line `stoker`.
# docs/image.md says what is in it and why.
#
#     docker build --tag stoker .
#
# Behind a registry mirror, `--secret id=pip.conf,src=FILE` and `--secret id=ca.crt,src=FILE` are
# seen by the steps that install Python packages, and by nothing that is in the image.

# A Debian with Python 3.11 or newer and its venv module. What else is needed is installed from
# Debian, unless the base has it already.
ARG BASE_IMAGE=python:3.13-slim-bookworm
# The time that the build writes into files, so that the same sources give the same image.
ARG SOURCE_DATE_EPOCH=315532800


# The operating system, without what serves to install and to administer it.
FROM ${BASE_IMAGE} AS system
RUN packages=$(for package in ca-certificates git libnss-wrapper openssh-client util-linux; do \
        dpkg-query --show "$package" >/dev/null 2>&1 || echo "$package"; \
    done); \
    [ -z "$packages" ] || { apt-get update && DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $packages; }
COPY tools/image/slim.py tools/image/slim.toml tools/image/bytecode.py /build/
RUN python3 -I /build/slim.py && python3 -I /build/bytecode.py --standard-library && rm -r /build


# What Stoker needs of PyPI: wheels alone, with the hashes that the lock file names.
FROM ${BASE_IMAGE} AS packages
RUN python3 -m venv /build/pip && python3 -m venv --without-pip /opt/stoker
COPY requirements/image.txt /build/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.crt,target=/run/secrets/ca.crt \
    /build/pip/bin/pip --python /opt/stoker/bin/python install --no-cache-dir --no-compile \
        --require-hashes --only-binary :all: --requirement /build/image.txt
COPY tools/image/bytecode.py /build/
# Commands of libraries, what activates an environment in a shell, and the asyncio half of the
# kubernetes package are of no use in here.
RUN find /opt/stoker/bin -type f -delete && rm -rf /opt/stoker/include \
    && rm -r /opt/stoker/lib/python3.*/site-packages/kubernetes/aio \
    && python3 -I /build/bytecode.py /opt/stoker


# Stoker itself, by way of a wheel.
FROM packages AS stoker
COPY requirements/build.txt /build/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=ca.crt,target=/run/secrets/ca.crt \
    /build/pip/bin/pip install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement /build/build.txt
ARG SOURCE_DATE_EPOCH
COPY pyproject.toml README.md LICENSE /build/source/
COPY src /build/source/src
RUN /build/pip/bin/pip wheel --no-index --no-deps --no-build-isolation \
        --wheel-dir /build/wheels /build/source \
    && /build/pip/bin/pip --python /opt/stoker/bin/python install --no-index --no-deps \
        --no-compile --prefix /build/stoker /build/wheels/stoker-*.whl \
    && python3 -I /build/bytecode.py /build/stoker


# The bill of materials: what is installed in the three stages above.
FROM system AS bill
COPY --from=packages /opt/stoker /opt/stoker
COPY --from=stoker /build/stoker /opt/stoker
COPY tools/image/sbom.py /build/
ARG SOURCE_DATE_EPOCH
RUN /opt/stoker/bin/python -I /build/sbom.py /usr/share/sbom/stoker.cdx.json


# All of it in new layers: what a stage has removed takes no space.
FROM scratch
COPY --from=system / /
COPY --from=packages /opt/stoker /opt/stoker
COPY --from=stoker /build/stoker /opt/stoker
COPY --from=bill /usr/share/sbom /usr/share/sbom
ARG VERSION=""
ARG REVISION=""
ARG BASE_IMAGE
LABEL org.opencontainers.image.title="Stoker" \
      org.opencontainers.image.description="Keeps Ignition gateways in step with Git" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE_IMAGE}"
ENV PATH=/opt/stoker/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /
STOPSIGNAL SIGTERM
CMD ["stoker", "--help"]
