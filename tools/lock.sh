#!/usr/bin/env bash
# Resolve the dependencies into hashed requirement files that name no address.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
compile() {
    local out=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --custom-compile-command 'make lock' \
        --output-file "requirements/$out.txt" "$@"
}
compile core pyproject.toml
compile agent --extra agent pyproject.toml
compile cli --extra cli pyproject.toml
compile controller --extra controller pyproject.toml
compile image --extra agent --extra cli --extra controller pyproject.toml
compile dev --all-extras --group dev --group docs --group fuzz --group mutation pyproject.toml
grep -E '^uv==' -A 40 requirements/dev.txt | awk 'NR == 1 || /^ /{print; next} {exit}' >requirements/bootstrap.txt
build_requires='import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")'
.venv/bin/python -c "$build_requires" | compile build -
