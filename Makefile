# Everything that a developer and CI run. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
# Tests in a cluster wait most of the time.
KIND_JOBS ?= 3
export NO_MKDOCS_2_WARNING := 1
PYTEST := $(BIN)/python -m pytest

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The environment: uv by pip, the rest by uv, all of it pinned and hashed.
$(READY): requirements/bootstrap.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Stoker needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(READY) ## Make the environment in .venv

.PHONY: lock
lock: $(READY) ## Resolve the dependencies anew into requirements/
	tools/lock.sh

.PHONY: demo
demo: $(READY) ## A repository, a fake gateway, and Stoker between them (KEEP=1 leaves it running)
	@$(BIN)/stoker demo $(if $(KEEP),--keep)

.PHONY: test
test: test-fast kind ## All tests

.PHONY: test-fast
test-fast: lint types imports package unit integration coverage fuzz docs ## All tests that need no cluster

.PHONY: lint
lint: $(READY) ## Style, and effects in the core
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python tools/purity.py

.PHONY: types
types: $(READY) ## Types, strictly
	$(BIN)/mypy

.PHONY: imports
imports: $(READY) ## The arrows between the modules
	$(BIN)/lint-imports

.PHONY: unit
unit: $(READY) ## Unit and property tests; the core's branches are all taken
	@command -v go >/dev/null || { echo "the parity tests need Go: put 'go' on the PATH" >&2; exit 1; }
	@tools/needs.sh git openssl
	$(PYTEST) -n $(JOBS) --dist loadfile --cov --cov-report= tests/unit tests/property
	$(BIN)/coverage report --include='src/stoker/core/*' --fail-under=100

.PHONY: integration
integration: $(READY) ## Real git servers, a fake gateway, and a sync that is killed again and again
	@tools/needs.sh git ssh=openssh-client sshd=openssh-server libnss_wrapper.so=libnss-wrapper rsync setpriv=util-linux
	$(PYTEST) -n $(JOBS) --dist loadfile --cov --cov-append --cov-report= tests/integration tests/crash

.PHONY: kind
kind: $(READY) ## A real cluster: the image, and the agent beside a gateway in a pod
	@tools/needs.sh git ssh-keygen=openssh-client openssl setpriv=util-linux
	@# Alone: how soon a push is there is not to be the other tests' doing.
	$(PYTEST) tests/kind/test_quickstart.py
	$(PYTEST) -n $(KIND_JOBS) --dist loadfile --durations=25 --durations-min=10 --ignore tests/kind/test_quickstart.py tests/kind

.PHONY: coverage
coverage: $(READY) ## The branches that `unit` and `integration` have taken together
	$(BIN)/coverage report --fail-under=90 | tail -n 1

.PHONY: property
property: $(READY) ## The laws, with many more examples
	HYPOTHESIS_PROFILE=thorough $(PYTEST) -n $(JOBS) tests/property

.PHONY: fuzz
fuzz: $(READY) ## Coverage-guided fuzzing, FUZZ_SECONDS for each target
	$(BIN)/python tests/fuzz/run.py --seconds $${FUZZ_SECONDS:-5}

.PHONY: package
package: $(READY) ## Wheel and sdist build, and the core installs alone
	$(BIN)/python tools/check_package.py

.PHONY: bench
bench: $(READY) ## Benchmarks of the core
	@for file in tests/bench/bench_*.py; do echo "== $$file"; PYTHONPATH=tests $(BIN)/python $$file; done

.PHONY: bench-scale
bench-scale: $(READY) ## Controllers of 100 to 1,000 GatewaySyncs, in a real cluster (SIZES=…, ONLY=…, SHARDS=…)
	@tools/needs.sh git openssl
	$(BIN)/python tests/bench/scale $(SIZES) $(if $(ONLY),--only $(ONLY)) $(if $(SHARDS),--shards $(SHARDS))

.PHONY: test-faults
test-faults: $(READY) ## Every fault of docs/faults.md at length (an hour), and that page
	@tools/needs.sh git ssh-keygen=openssh-client openssl setpriv=util-linux
	rm -rf build/faults
	STOKER_FAULTS=long $(PYTEST) -n $(KIND_JOBS) --dist loadfile -m fault tests/kind
	$(BIN)/python tools/fault_report.py

.PHONY: mutation
mutation: $(READY) ## Mutation testing of the core (hours; MODULE=plan for one module)
	$(BIN)/python tools/mutation.py $${MODULE:+--module $$MODULE}

.PHONY: docs
docs: $(READY) ## The documentation, strictly
	$(BIN)/mkdocs build --strict --quiet

.PHONY: clean
clean: ## Remove what the targets made
	rm -rf $(VENV) .cache build dist site mutants .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis

.PHONY: reference
reference: $(READY) ## The pages below docs/reference and the dashboards, from the code and the chart
	$(BIN)/python tools/reference
	$(BIN)/python tools/dashboards
