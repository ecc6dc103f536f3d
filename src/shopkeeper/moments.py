"""What a caller may say of the moment of a visit: short labels, and what was bought under each."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Said = Literal["weather", "device", "place"]
SAID: tuple[Said, ...] = get_args(Said)
"""What a context may say of a moment; everything else in it is the caller's own."""
LONGEST = 32
_LABEL = re.compile(r"[^\W_][\w-]{0,31}")
_TABLETS = re.compile(r"ipad|tablet|kindle|playbook|silk/|android(?!.*mobile)", re.IGNORECASE)
_PHONES = re.compile(r"iphone|ipod|mobile|harmonyos|windows phone|blackberry", re.IGNORECASE)
_DESKTOPS = re.compile(r"windows nt|macintosh|x11|cros ", re.IGNORECASE)
_PROGRAMS = re.compile(r"bot\b|bot/|crawler|spider|headless", re.IGNORECASE)


def label(text: object) -> str:
    """The label in its one form, lower case; empty where it is none.

    A label is a letter or digit and up to 31 more letters, digits, `-` and `_`: one word, not a sentence or an address.
    """
    if not isinstance(text, str):  # files may say anything
        return ""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    return plain if _LABEL.fullmatch(plain) else ""


def said_in(context: Mapping[str, str]) -> dict[str, str]:
    """The labels of a context; what is no label says nothing."""
    return {kind: found for kind in SAID if (found := label(context.get(kind, "")))}


def device_of(user_agent: str) -> str:
    """phone, tablet or desktop; empty where a browser does not say it, or a program asks."""
    if not user_agent or _PROGRAMS.search(user_agent):
        return ""
    kinds = (("tablet", _TABLETS), ("phone", _PHONES), ("desktop", _DESKTOPS))
    return next((kind for kind, pattern in kinds if pattern.search(user_agent)), "")


def with_device(context: Mapping[str, str], user_agent: str) -> Mapping[str, str]:
    """The context with the class of the browser's device, where it says none itself."""
    found = "" if "device" in context else device_of(user_agent)
    return {**context, "device": found} if found else context


@dataclass(frozen=True, slots=True)
class Moments:
    """Purchases whose context says something: rows int32 (n,), days float64 (n,), rising; codes int16 (n, len(SAID))
    into `labels` of each kind, -1 where nothing was said.
    """

    rows: NDArray[np.int32]
    days: NDArray[np.float64]
    codes: NDArray[np.int16]
    labels: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, lines: Sequence[tuple[int, float, Mapping[str, str]]]) -> "Moments":
        """The moments of (row, day, context) in any order; contexts that say nothing are left out."""
        told = sorted(((row, day, said_in(context)) for row, day, context in lines), key=lambda line: line[1])
        told = [line for line in told if line[2]]
        numbers: list[dict[str, int]] = [{} for _ in SAID]
        codes = np.full((len(told), len(SAID)), -1, np.int16)
        for at, (_, _, said) in enumerate(told):
            for column, kind in enumerate(SAID):
                own, numbered = said.get(kind, ""), numbers[column]
                if not own:
                    continue
                if own in numbered or len(numbered) < MOST:
                    codes[at, column] = numbered.setdefault(own, len(numbered))
        rows, days = np.array([line[0] for line in told], np.int32), np.array([line[1] for line in told], np.float64)
        return cls(rows, days, codes, tuple(map(tuple, numbers)))

    def before(self, day: float) -> "Moments":
        """What was known at `day`."""
        end = int(np.searchsorted(self.days, day))
        return Moments(self.rows[:end], self.days[:end], self.codes[:end], self.labels)


MOST = 500
"""So many different labels of a kind are told apart; later ones say nothing."""
NO_MOMENTS = Moments.of(())
