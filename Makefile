# make run    install, then train, score and tabulate the quick suite
# make test   install with the test extra, then lint, type-check and test
#
# What a run makes lies in runs/; results/ holds what the README shows. The environment in .venv is reused until pyproject.toml changes.

PYTHON ?= python3
VENV ?= .venv
SUITE ?= quick
OUT ?= runs
BIN := $(VENV)/bin

.PHONY: run test lint types bench

run: $(VENV)/.installed
	$(BIN)/ganbench run --suite $(SUITE) --out $(OUT)

test: lint types
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

bench: $(VENV)/.installed-test
	$(BIN)/python -m pytest benchmarks --benchmark-only -o addopts=

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.installed-test: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ $(VENV)/.installed
