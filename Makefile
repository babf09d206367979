# On a machine with Python 3.11 or newer and make: `make analyze` and `make test` make what they need.

MAP  ?= neuron
ARGS ?= $(if $(filter neuron,$(MAP)),-p w=2)
OUT  ?= out/$(basename $(notdir $(MAP)))

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# Installed once; again only when the list of dependencies or their versions change.
RUNTIME := .venv/.installed-runtime
TEST := .venv/.installed-test

ifdef CI
export HYPOTHESIS_PROFILE ?= ci
endif
# Each of many processes would compile what it imports.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help analyze test static lint types contracts compiled unit proofs format clean

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' Makefile
	@echo 'make analyze MAP=my_map.toml ARGS="-p w=3" OUT=folder    analyzes another map'

analyze: $(RUNTIME) ## analyze a map (MAP, ARGS) and write the report to a folder (OUT)
	@echo "== dynlatch analyze $(MAP) $(ARGS) --out $(OUT)"
	@$(BIN)/dynlatch analyze "$(MAP)" $(ARGS) --out "$(OUT)"

test: static unit ## all checks

# Side by side: the type checker uses one processor.
static: $(TEST)
	@$(MAKE) --no-print-directory -j2 types compiled proofs lint contracts

lint: $(TEST) ## ruff: rules and format
	@echo "== ruff check"
	@$(BIN)/ruff check
	@echo "== ruff format --check"
	@$(BIN)/ruff format --check

types: $(TEST) ## basedpyright, strict, on dynlatch/
	@echo "== basedpyright"
	@$(BIN)/basedpyright

contracts: $(TEST) ## import-linter: which module may import what
	@echo "== lint-imports"
	@$(BIN)/lint-imports --no-logo

proofs: $(TEST) ## replay the executable documents
	@echo "== python -m proofs"
	@$(BIN)/python -m proofs

compiled: $(TEST) ## the cache of compiled code, which the workers of pytest would fill four times
	@echo "== compiled code"
	@$(BIN)/python tests/warm_up.py

# Few workers: each compiles what is not yet in the cache of compiled code, which they share.
unit: $(TEST) ## pytest, warnings are errors
	@echo "== pytest (Hypothesis profile $(or $(HYPOTHESIS_PROFILE),dev))"
	@$(BIN)/python -m pytest -q --numprocesses=auto --maxprocesses=4

format: $(TEST) ## mend what ruff can mend
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

clean: ## remove everything that make has made
	rm -rf .venv out build dist *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find dynlatch tests -name __pycache__ -prune -exec rm -rf {} +

# The build tool comes from constraints.txt as well, hence no isolated build, which would fetch its own.
$(RUNTIME): pyproject.toml constraints.txt
	@echo "== environment: what dynlatch runs on"
	@test -x $(BIN)/python || { \
	  for python in python3.13 python3.12 python3.11 python3; do \
	    if $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	      $$python -m venv .venv && exit; \
	    fi; \
	  done; \
	  echo "make: no Python 3.11 or newer that can create environments (module venv) was found; install one" >&2; exit 1; }
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation -e .
	@touch $@

$(TEST): $(RUNTIME)
	@echo "== environment: what the tests need"
	@$(PIP) --no-build-isolation -e '.[test]'
	@touch $@
