# Every target sets up what it needs: a virtual environment in .venv, and for the tests what Debian has to give.
# `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help demo test check accept bench docs format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "fwk needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python setup.cfg pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed ## Crawl the bundled demo shop and show what came out
	@$(BIN)/python -m framework.testing.demo

check: $(VENV)/.installed-dev ## Lint, types, architecture, unit and contract tests (under two minutes)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST) -q -n 2 tests/architecture tests/unit tests/contracts

test: $(VENV)/.installed-dev ## Set up what the tests need and run them all
	@sh tests/setup.sh
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	rm -f .coverage .coverage.*
	$(PYTEST) -q -n 2 --cov --cov-report= -m "not accept"
	$(BIN)/coverage report --fail-under=95
	$(BIN)/coverage report --include='framework/frontier/*,framework/engine/*' --fail-under=100

ACCEPT := $(wildcard tests/accept/test_*.py)
COMMIT = $(shell git describe --always --dirty)
accept: ## Run the acceptance lines at full size; those that passed on this commit are not run again
	@$(MAKE) $(ACCEPT:tests/accept/test_%.py=.accept/$(COMMIT)/%)

.accept/$(COMMIT)/%:
	@$(MAKE) accept-$*

accept-%: $(VENV)/.installed-dev ## Run one acceptance line at full size: make accept-NAME
	@sh tests/setup.sh
	ACCEPT=full $(PYTEST) -q -s -p no:randomly tests/accept/test_$*.py
	@mkdir -p .accept/$(COMMIT) && touch .accept/$(COMMIT)/$*

bench: $(VENV)/.installed-dev ## Measure pages per second against bare loops and Scrapy; write docs/performance.md
	@sh tests/setup.sh
	$(BIN)/python -m benchmarks.run --rounds 3 --write docs/performance.md --at-least 5

docs: $(VENV)/.installed-dev ## Build the documentation into site/
	$(BIN)/python -m framework.settings.reference
	$(BIN)/mkdocs build --strict

format: $(VENV)/.installed-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## Remove everything that the other targets made
	rm -rf $(VENV) build dist site .bench .accept .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
