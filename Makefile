# make run       install, then train, score and tabulate the quick suite, and write its page
# make test      install with the test extra, then lint, type-check and test: five minutes on two cores
# make test-all  what takes longer: repetitions of statistics, every golden trace, every planted bug
# make coverage  the share of lines that the fast tests run
# make torture   kills, full disks, company and hostile files by the hundred: half an hour; writes benchmarks/torture.md
# make docs      the documentation as a site, build/site/index.html; a warning is an error
#
# What a run makes lies in runs/; results/ holds what the README shows. The environment in .venv is reused until pyproject.toml changes.

PYTHON ?= python3
VENV ?= .venv
SUITE ?= quick
OUT ?= runs
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -n 2

.PHONY: run test test-all lint types coverage bench torture docs

run: $(VENV)/.installed
	$(BIN)/ganbench run --suite $(SUITE) --out $(OUT)
	$(BIN)/ganbench report $(OUT)/$(SUITE)

test: lint types
	$(PYTEST) --dist loadgroup -m "not slow"

test-all: $(VENV)/.installed-test
	$(PYTEST) --dist loadfile -m slow # a file measures an experiment once

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-test
	$(BIN)/mypy

coverage: $(VENV)/.installed-test
	$(PYTEST) --dist loadgroup -m "not slow" --cov --cov-report=term:skip-covered

torture: $(VENV)/.installed-test
	$(BIN)/python -m benchmarks.torture --out benchmarks/torture.md

bench: $(VENV)/.installed-test
	$(BIN)/python -m pytest benchmarks --benchmark-only -o addopts=

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir build/site

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[report]'
	touch $@

$(VENV)/.installed-test: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@ $(VENV)/.installed

$(VENV)/.installed-docs: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs]'
	touch $@ $(VENV)/.installed
