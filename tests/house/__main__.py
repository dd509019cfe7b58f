"""What holds the house together, asked of the whole repository: a line for each thing that is wrong.

python -m tests.house
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.house import floors, homes
from tests.papers.__main__ import stale

ROOT = Path(__file__).parents[2]


def problems(root: Path) -> list[str]:
    """Return what is wrong, a line each, saying what to do."""
    return [
        *floors.packages_without_a_floor(root),
        *floors.broken_contracts(root),
        *homes.second_homes(root),
        *(f"{name} is stale: run `make docs` and commit what it writes" for name in stale(root)),
    ]


def main() -> int:
    """Say what is wrong; exit code 1 where anything is."""
    found = problems(ROOT)
    sys.stderr.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
