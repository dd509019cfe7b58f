# Two commands for everybody: `make run` (the simulated cart) and `make test`. Both set up what they need.
# Needs Debian 12 (or alike) with Python 3.11 to 3.13; Debian packages are installed where root or sudo allows.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
READY_TO_TEST := $(VENV)/.ready-to-test
DATA ?= data
UV ?= uv

.PHONY: run test check bench lock setup clean

run: $(READY)
	$(BIN)/tosca-kiosk run --data-dir $(DATA)

# The journey by touch has the machine to itself: a person at the panel does not share it with a test suite.
JOURNEY := tests/e2e/test_journey.py

# A machine that lacks the firmware's compilers fails here; elsewhere its tests are skipped.
test: export FIRMWARE_TOOLS := required
test: $(READY_TO_TEST) check
	$(BIN)/python -m pytest -n 2 --ignore $(JOURNEY)
	$(BIN)/python -m pytest $(JOURNEY)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python -m pytest benchmarks --benchmark-enable -p no:xdist

setup: $(READY)

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

# For the lowest Python, where every pin has to exist; on a newer one pip refuses to install what is not in it.
# Pins that are there stay: make lock MORE=--upgrade, or MORE="--upgrade-package kivy".
lock:
	$(UV) pip compile --quiet $(MORE) --python-version 3.11 --python-platform linux --extra dev --generate-hashes \
		--custom-compile-command 'make lock' --output-file configs/requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) build/firmware
