#!/bin/sh
# Mutates the safety core with mutmut and lists the mutants that the tests of the domain let live.
#
#   benchmarks/exhaustive/mutation.sh [MINUTES]
#
# Works in a copy with an environment of its own, below ${TMPDIR:-/tmp}; nothing of it comes back. Functions
# that run while a module is imported (the makers of table rows) are beyond mutmut: it mutates a process that
# has imported them already. Their rows are held by tests of the tables.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
minutes=${1:-60}
work=${TMPDIR:-/tmp}/tosca-mutation
rm -rf "$work/copy"
mkdir -p "$work/copy/tests"
[ -d "$work/venv" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q mutmut==3.8.1 pytest hypothesis msgspec pydantic rich
cp -r "$root/tosca_kiosk" "$root/benchmarks" "$work/copy/"
cp -r "$root/tests/domain" "$work/copy/tests/"
cd "$work/copy"
cat > pyproject.toml <<'TOML'
[project]
name = "mutated"
version = "0"
[tool.pytest.ini_options]
addopts = "-p no:cacheprovider --import-mode=importlib"
pythonpath = ["."]
pythonpath = ["."]
[tool.mutmut]
source_paths = ["tosca_kiosk/"]
only_mutate = ["tosca_kiosk/domain/safety.py", "tosca_kiosk/domain/checks.py", "tosca_kiosk/domain/beam.py",
  "tosca_kiosk/domain/phases.py", "tosca_kiosk/domain/operating.py", "tosca_kiosk/domain/commands.py",
  "tosca_kiosk/domain/judging.py", "tosca_kiosk/domain/light.py", "tosca_kiosk/domain/tick.py",
  "tosca_kiosk/domain/laser_checks.py", "tosca_kiosk/domain/overriding.py", "tosca_kiosk/domain/plan.py"]
also_copy = ["tests/", "benchmarks/"]
pytest_add_cli_args = ["-x", "-q"]
pytest_add_cli_args_test_selection = [
  "tests/domain/test_safety_limits.py", "tests/domain/test_safety_memory.py",
  "tests/domain/test_safety_freshness.py", "tests/domain/test_safety_treatment.py",
  "tests/domain/test_safety_resets.py", "tests/domain/test_safety_dose.py", "tests/domain/test_safety_faults.py",
  "tests/domain/test_safety_judging.py", "tests/domain/test_safety_refusals.py",
  "tests/domain/test_safety_ties.py", "tests/domain/test_safety_blame.py", "tests/domain/test_safety_table.py",
  "tests/domain/test_safety_proofs.py", "tests/domain/test_safety_energy.py",
  "tests/domain/test_safety_unknown.py", "tests/domain/test_session_close.py",
  "tests/domain/test_safety_aiming.py", "tests/domain/test_safety_overrides.py",
  "tests/domain/test_plan.py"]
TOML
timeout "$((minutes * 60))" nice "$work/venv/bin/mutmut" run --max-children 2 || true
"$work/venv/bin/mutmut" results | grep survived || echo "of the mutants that were tried none survived"
