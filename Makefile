# Two commands for everybody: `make run` (the simulated cart) and `make test`. Both set up what they need.
# Needs Debian 12 (or alike) with Python 3.11 to 3.13; Debian packages are installed where root or sudo allows.
# `make help` prints each target with what stands behind its `##`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_TO_TEST := $(VENV)/.ready-to-test
DATA ?=
UV ?= uv
MORE ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help run test quick long check docs fix bench lock hooks setup clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(READY) ## the kiosk on the simulated cart, with every command's record; DATA=folder: with another one
	$(BIN)/tosca-kiosk run $(if $(DATA),--data-dir "$(DATA)")

# Without compiled files every process of a test compiles the program anew, and every run its tests.
unexport PYTHONDONTWRITEBYTECODE
# A machine that lacks the firmware's compilers fails here; elsewhere its tests are skipped.
test long: export FIRMWARE_TOOLS := required
# Three at once on two processors: much of what they do is waiting for a process or for time.
# The journey by touch has the machine to itself: a person at the panel does not share it with a test suite.
test: $(READY_TO_TEST) check ## format, lint, types and every test; before a change goes in
	$(BIN)/python -m pytest -n 3 -m "not journey"
	$(BIN)/python -m pytest tests/e2e -m journey

quick: $(READY) ## the tests that start no other process, within a minute; while you work
	$(BIN)/python -m pytest -n 2 --quick

long: $(READY_TO_TEST) ## campaigns, kills, searches and benchmarks, for hours; ONLY="campaign replug" for some
	$(BIN)/python -m benchmarks.long $(ONLY)

check: $(READY) ## format, lint, types, import rules and printed papers, changing nothing
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tests.house

docs: $(READY) ## write the papers that are printed from the program's own tables
	$(BIN)/python -m tests.papers

fix: $(READY) ## format, and mend what the linter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## the benchmarks of single parts, with their figures
	$(BIN)/python -m pytest benchmarks --benchmark-enable -p no:xdist

# For the lowest Python, where every pin has to exist; on a newer one pip refuses to install what is not in it.
lock: ## pin anew what pyproject.toml asks for (needs uv); pins stay, but for MORE=--upgrade
	$(UV) pip compile --quiet $(MORE) --python-version 3.11 --python-platform linux --extra dev --generate-hashes \
		--custom-compile-command 'make lock' --output-file configs/requirements.lock pyproject.toml

hooks: $(READY) ## from now on format, lint and types before every commit (git commit --no-verify goes without)
	$(BIN)/pre-commit install

setup: $(READY) ## what `make run` needs, without running

$(READY): pyproject.toml configs/requirements.lock configs/debian/packages.txt configs/debian/install.sh
	sh configs/debian/install.sh packages.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "Python 3.11, 3.12 or 3.13 is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r configs/requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(READY_TO_TEST): $(READY) configs/debian/packages-test.txt
	sh configs/debian/install.sh packages-test.txt
	touch $@

clean: ## away with .venv and the built firmware
	rm -rf $(VENV) build/firmware
