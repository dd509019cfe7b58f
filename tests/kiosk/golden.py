"""Pictures kept beside the tests. TOSCA_GOLDEN=write draws them anew; look at them before committing."""

import os
from pathlib import Path

import cv2
import numpy as np

FOLDER = Path(__file__).parent / "golden"
LEVELS = 24
SHARE = 0.002
"""Edges may differ by another renderer's rounding: so many pixels by more than so many levels."""


def compare(name, picture):
    """Return how a picture (RGB) differs from the kept one, "" where it does not."""
    path = FOLDER / f"{name}.png"
    if os.environ.get("TOSCA_GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        write(path, picture)
        return ""
    if not path.exists():
        return f"no picture {path.name}; draw it with TOSCA_GOLDEN=write"
    kept = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    if kept.shape != picture.shape:
        return f"{name}: {picture.shape} drawn, {kept.shape} kept"
    differing = (np.abs(kept.astype(int) - picture).max(axis=2) > LEVELS).mean()
    return "" if differing <= SHARE else f"{name}: {differing:.2%} of the pixels differ"


def write(path, picture):
    """Write a picture (RGB) as a small PNG."""
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 9])
