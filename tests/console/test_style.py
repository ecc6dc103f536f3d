"""Claims:

1. words stand out from what they stand on by at least 4.5 to 1 (WCAG AA), by day and by night.
2. the vendored script is whole, and its licence lies beside it.
"""

import re
from pathlib import Path

import pytest

import shopkeeper.console

STATIC = Path(shopkeeper.console.__file__).parent / "static"
PAIRS = [
    ("ink", "paper"),
    ("ink", "card"),
    ("ink", "accent-wash"),
    ("muted", "paper"),
    ("muted", "card"),
    ("muted", "wash"),
    ("muted", "accent-wash"),
    ("accent", "paper"),
    ("accent", "card"),
    ("accent", "accent-wash"),
    ("accent-ink", "accent"),
    ("warm", "warm-wash"),
    ("bad", "card"),
]


def colours(night: bool) -> dict[str, str]:
    """The page's colours by name; at night those of the day, replaced."""
    text = (STATIC / "base.css").read_text(encoding="utf-8")
    day, dark = text.split("@media (prefers-color-scheme: dark)")
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", day))
    return found | (dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", dark)) if night else {})


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("night", [False, True])
@pytest.mark.parametrize(("words", "ground"), PAIRS)
def test_words_stand_out(words: str, ground: str, night: bool) -> None:
    named = colours(night)
    dark, light = sorted((luminance(named[words]), luminance(named[ground])))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_vendored_script_is_whole_and_licensed() -> None:
    script = (STATIC / "htmx.min.js").read_text(encoding="utf-8")
    assert 'version:"2.0.11"' in script
    assert "Zero-Clause BSD" in (STATIC / "htmx.LICENSE.txt").read_text(encoding="utf-8")
