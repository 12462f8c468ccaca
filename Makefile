# The words people type. `make run` and `make test` each set up all that they need.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test coverage check bench chromium up down clean format

# The first Python that fits and can make virtual environments (Debian: apt install python3-venv).
FITS := import ensurepip, sys; sys.exit(not (3, 11, 5) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do \
  "$$p" -c '$(FITS)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
UV_VERSION := 0.13.8
BIN := .venv/bin
READY := .venv/ready

help:  ## what one can type
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /  make \1\t/'

run: $(READY)  ## the sandbox study, from source to a promoted model and a report
	$(BIN)/albumart run sandbox-genre

# Which branches the suite takes is measured, and held to the bar, where CI is set: it doubles the time.
COVERAGE := $(if $(CI),--cov --cov-report=term)

test: $(READY)  ## the whole suite
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(COVERAGE)

coverage:  ## the whole suite as CI runs it: at least 90 % of all branches
	$(MAKE) test CI=true

check: $(READY)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Playwright's own browsers come from no package index; without one the tests of the pages are skipped.
chromium:  ## what the tests of the pages drive (Debian, root)
	command -v chromium >/dev/null || \
	  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends chromium; }

bench: $(READY)  ## speed against peers and limits
	$(BIN)/python -m benchmarks

up: $(READY)  ## start the platform and deploy every flow
	$(BIN)/albumart up
	eval "$$($(BIN)/albumart env)" && $(BIN)/prefect --no-prompt deploy --all

down: $(READY)  ## stop the platform; data stays
	$(BIN)/albumart down

format: $(READY)  ## rewrite the code as `make check` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the environment and caches; the data in .albumart stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* htmlcov
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

# uv installs the lock in seconds; where it cannot (no wheel, or an index that only pip knows),
# pip installs the same lock.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "albumart wants Python 3.11.5 to 3.12 with venv: install one (Debian, Ubuntu:" \
	  "apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
	  && $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(BIN)/python -m pip install --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)
