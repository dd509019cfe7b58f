"""The papers that are printed from tables: `make docs` writes them, `make check` refuses stale ones.

python -m tests.papers [--check]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from tests.papers import certificates, commands, exports, interlocks, settings, states, truth

ROOT = Path(__file__).parents[2]

PAPERS: dict[str, Callable[[], str]] = {
    "tosca_kiosk/domain/STATES.md": states.paper,
    "tosca_kiosk/domain/INTERLOCKS.md": interlocks.paper,
    "tosca_kiosk/exports/EXPORTS.md": exports.paper,
    "tosca_kiosk/cli/COMMANDS.md": commands.paper,
    "tosca_kiosk/domain/SETTINGS.md": settings.paper,
    "tosca_kiosk/calibration/CERTIFICATES.md": certificates.paper,
    "simulators/TRUTH.md": truth.paper,
}
"""Each printed paper and what prints it."""


def stale(root: Path = ROOT) -> list[str]:
    """Return the papers that are not what the tables print now."""
    return [
        name
        for name, printed in PAPERS.items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != printed()
    ]


def main(arguments: list[str]) -> int:
    """Write the papers, or say which are stale: exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.papers", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; refuse stale papers")
    if not parser.parse_args(arguments).check:
        for name in stale():
            (ROOT / name).write_text(PAPERS[name](), encoding="utf-8")
            sys.stdout.write(f"written: {name}\n")
        return 0
    old = stale()
    if old:
        sys.stderr.write(f"stale: {', '.join(old)}; run `make docs` and commit what it writes\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
