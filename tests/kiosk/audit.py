"""Walks what the window shows and names everything that breaks the rules of sizes, gaps, text and contrast.

Positions are read from the widgets, colours from the picture, so a widget cannot claim what it does not draw.
"""

from itertools import combinations

import numpy as np
from kivy.core.text import Label as TextRenderer
from kivy.core.window import Window
from kivy.metrics import mm
from kivy.uix.label import Label

from tosca_kiosk.kiosk.look.tokens import GAP_MM, TARGET_MM, TEXT_CONTRAST, TEXT_MM, contrast
from tosca_kiosk.kiosk.widgets.content import Content
from tosca_kiosk.kiosk.widgets.painted import Painted

SLACK_PX = 1.0
LEAST_INK_PIXELS = 6


def audit(stage, root):
    """Return what is wrong below a widget, a line each; nothing wrong is an empty list."""
    widgets = [*_visible(root)]
    return [
        *_outside(widgets),
        *_small(widgets),
        *_near(widgets),
        *_spilled(widgets),
        *_overlapping(widgets),
        *_text_problems(widgets),
        *_faint(widgets, stage.picture()),
    ]


def count(root):
    """Return how many widgets an audit would look at."""
    return len([*_visible(root)])


def _visible(widget):
    if widget.opacity == 0 or widget.width < 1 or widget.height < 1:
        return
    yield widget
    children = widget.children
    if isinstance(widget, Content) and widget.top_layer is not None:
        children = [widget.top_layer]
    for child in children:
        yield from _visible(child)


def _box(widget):
    left, bottom = widget.to_window(widget.x, widget.y)
    return left, bottom, left + widget.width, bottom + widget.height


def _name(widget):
    text = getattr(widget, "text", "") or getattr(widget, "mark", "")
    return f"{type(widget).__name__}({text!r})" if text else type(widget).__name__


def _draws(widget):
    return isinstance(widget, Painted) or (isinstance(widget, Label) and bool(widget.text))


def _outside(widgets):
    width, height = Window.size
    for widget in widgets:
        left, bottom, right, top = _box(widget)
        inside = left >= -SLACK_PX and bottom >= -SLACK_PX and right <= width + SLACK_PX
        if _draws(widget) and not (inside and top <= height + SLACK_PX):
            yield f"{_name(widget)}: outside the window, {left:.0f},{bottom:.0f} to {right:.0f},{top:.0f}"


def _tappable(widgets):
    return [widget for widget in widgets if getattr(widget, "tappable", False)]


def _small(widgets):
    for widget in _tappable(widgets):
        least_mm = max(widget.least_mm, TARGET_MM)
        if min(widget.size) < mm(least_mm) - 0.01:
            size = " x ".join(f"{side / mm(1):.1f}" for side in widget.size)
            yield f"{_name(widget)}: {size} mm, at least {least_mm:g} mm wanted"


def _near(widgets):
    for one, other in combinations(_tappable(widgets), 2):
        a, b = _box(one), _box(other)
        gap = max(b[0] - a[2], a[0] - b[2], b[1] - a[3], a[1] - b[3])
        if gap < mm(GAP_MM) - 0.01:
            yield f"{_name(one)} and {_name(other)}: {gap / mm(1):.1f} mm apart, {GAP_MM:g} mm wanted"


def _spilled(widgets):
    for widget in widgets:
        if not _draws(widget) or widget.parent is Window or widget.parent is widget:
            continue
        a, b = _box(widget), _box(widget.parent)
        spill = max(b[0] - a[0], b[1] - a[1], a[2] - b[2], a[3] - b[3])
        if spill > SLACK_PX:
            yield f"{_name(widget)}: {spill:.0f} px outside of {_name(widget.parent)}"


def _overlapping(widgets):
    shown = set(widgets)
    for parent in widgets:
        children = [child for child in parent.children if child in shown and _has_content(child)]
        for one, other in combinations(children, 2):
            a, b = _box(one), _box(other)
            across = min(a[2], b[2]) - max(a[0], b[0])
            upward = min(a[3], b[3]) - max(a[1], b[1])
            if min(across, upward) > SLACK_PX:
                yield f"{_name(one)} and {_name(other)}: overlap by {across:.0f} x {upward:.0f} px"


def _has_content(widget):
    return bool(widget.text) if isinstance(widget, Label) else True


def _texts(widgets):
    return [widget for widget in widgets if isinstance(widget, Label) and widget.text.strip()]


def _text_problems(widgets):
    for label in _texts(widgets):
        if label.font_size < mm(TEXT_MM) - 0.5:
            yield f"{_name(label)}: text of {label.font_size / mm(1):.1f} mm, at least {TEXT_MM:g} mm wanted"
        wide, high = natural_size(label)
        if wide > label.width + SLACK_PX and not label.shorten:
            yield f"{_name(label)}: needs a width of {wide:.0f} px, has {label.width:.0f}"
        if high > label.height + SLACK_PX:
            yield f"{_name(label)}: needs a height of {high:.0f} px, has {label.height:.0f}"


def natural_size(label):
    """Return the width and height in pixels that a label's whole text needs, in the width it has."""
    left, top, right, bottom = label.padding
    inner = label.width - left - right
    if label.max_lines == 1:
        lines, words = [label.text], [label.text]
    else:
        lines, words = label.text.split("\n"), label.text.split()
    settings = {"font_size": label.font_size, "bold": label.bold, "font_name": label.font_name}
    whole = TextRenderer(text_size=(inner, None) if label.max_lines != 1 else (None, None), **settings)
    whole.text = "\n".join(lines)
    whole.refresh()
    longest = max(TextRenderer(**settings).get_extents(word)[0] for word in words)
    return longest + left + right, whole.content_height + top + bottom


def _faint(widgets, picture):
    for label in _texts(widgets):
        left, bottom, right, top = (round(edge) for edge in _box(label))
        crop = picture[picture.shape[0] - top : picture.shape[0] - bottom, left:right].reshape(-1, 3)
        if not len(crop):
            continue
        paper = _commonest(crop) / 255
        ink = label.color if not label.disabled else label.disabled_color
        ratio = contrast(tuple(ink), (*paper, 1.0))
        if ratio < TEXT_CONTRAST:
            yield f"{_name(label)}: contrast {ratio:.1f}, at least {TEXT_CONTRAST} wanted"
        if _drawn(crop, ink) < LEAST_INK_PIXELS:
            yield f"{_name(label)}: its ink is not to be seen"


def _drawn(pixels, ink):
    """Return how many pixels have nearly this color: channel by channel, for numpy is slow along three."""
    near = np.ones(len(pixels), bool)
    for channel in range(3):
        near &= np.abs(pixels[:, channel] - ink[channel] * 255) < 40
    return near.sum()


def _commonest(pixels):
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    values, counts = np.unique(packed, return_counts=True)
    commonest = int(values[counts.argmax()])
    return np.array([commonest >> 16, commonest >> 8 & 255, commonest & 255])
