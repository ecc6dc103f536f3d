"""Package sizes as people write them: "12 oz", "6 × 12 oz", "1/2 gal". What cannot be a size is dropped."""

import re
from functools import cache

_UNITS = {
    "OZ": "oz", "OZS": "oz", "Z": "oz", "FL OZ": "fl oz", "LB": "lb", "LBS": "lb", "CT": "ct", "CNT": "ct", "PK": "pk",
    "PKS": "pk", "P": "pk", "PC": "pc", "PCS": "pc", "ML": "ml", "L": "l", "LTR": "l", "LRT": "l", "LT": "l",
    "GAL": "gal", "GA": "gal", "QT": "qt", "PT": "pt", "G": "g", "GM": "g", "KG": "kg", "IN": "in", "FT": "ft",
    "YD": "yd",
    "CM": "cm", "MM": "mm", "SQ FT": "sq ft", "DZ": "dozen", "DOZ": "dozen", "DZN": "dozen", "STEM": "stems",
    "STEMS": "stems", "LOAD": "loads", "LOADS": "loads", "LD": "loads", "LDS": "loads",
    "ROLL": "rolls", "ROLLS": "rolls",
    "SHEET": "sheets", "SHEETS": "sheets", "CUP": "cups", "CUPS": "cups", "USE": "uses", "USES": "uses",
    "PAIR": "pairs",
    "KIT": "kit",
}  # fmt: skip
_MOST = {
    "oz": 1024, "fl oz": 1024, "lb": 100, "ct": 2000, "pk": 144, "pc": 1000, "ml": 10000, "l": 40, "gal": 60, "qt": 60,
    "pt": 16, "g": 10000, "kg": 50, "in": 200, "ft": 1000, "yd": 200, "cm": 500, "mm": 500, "sq ft": 2000, "dozen": 12,
    "stems": 100, "loads": 300, "rolls": 100, "sheets": 5000, "cups": 100, "uses": 500, "pairs": 50, "kit": 10,
}  # fmt: skip
_WHOLE = {
    "GAL": "1 gal", "HALF GAL": "1/2 gal", "QT": "1 qt", "PT": "1 pt", "DZ": "1 dozen", "DOZ": "1 dozen",
    "LB": "per lb",
    "SMALL": "small", "MEDIUM": "medium", "MED": "medium", "LARGE": "large", "X-LARGE": "extra large", "MINI": "mini",
    "KING": "king size", "QUEEN": "queen size", "TALL": "tall",
}  # fmt: skip
_SINGULAR = {"loads": "load", "rolls": "roll", "sheets": "sheet", "cups": "cup", "uses": "use", "pairs": "pair"}
_SINGULAR |= {"stems": "stem"}
_FRACTIONS = {"gal", "pt", "qt", "lb", "l", "in", "dozen", "cups"}

_N = r"(\d*\.?\d+)\.?"
_U = "(" + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True)) + ")"
_NOISE = re.compile(r"^(?:[A-Z]{1,3}\d*\s+(?=[\d.])|\d{5,}\s+(?=\d)|0\d{4,}\s+(?=\d))")
_TAIL = re.compile(
    r"[\s(/-]+(BTL|CAN|CANS|NR|PET|PLST|BAG|BOX|JAR|TUBE|POUCH|LOOSE|AEROS|REFIL|CTN|FM|POT|EA|SNGAL|BIG BG)\.?$"
)
_ONE = re.compile(rf"^{_N}[\s-]*{_U}[.*]?$")
_MIXED = re.compile(rf"^(\d+)[ -](\d)/(\d+)\s*{_U}$")
_MANY = re.compile(rf"^(\d+)\s*[/-]\s*{_N}\s*{_U}$")
_PACK = re.compile(rf"^(\d+)\s*(PK|P)[\s/]+{_N}\s*{_U}$")
_PACKED = re.compile(rf"^{_N}\s*{_U}[\s/]+(\d+)\s*PK$")
_COUNTED = re.compile(rf"^(\d+)\s*(CT|PC)[\s/]+{_N}\s*{_U}$")
_COUNTING = re.compile(rf"^{_N}\s*{_U}[\s/]+(\d+)\s*(CT)$")
_TIMES = re.compile(rf"^{_N}\s*(?:IN)?\s*X\s*{_N}\s*(IN|FT|CM)$")


@cache
def readable_size(size: str | None) -> str:
    """The size in plain words, or an empty string."""
    if not size:
        return ""
    text = " ".join(size.upper().split())
    if text in _WHOLE:
        return _WHOLE[text]
    text = _TAIL.sub("", _NOISE.sub("", text)).strip()
    for pattern, read in _READINGS:
        match = pattern.match(text)
        if match:
            return read(*match.groups())
    return ""


def _one(amount: str, unit: str) -> str:
    name, value = _UNITS[unit], float(amount)
    if not 0 < value <= _MOST[name]:
        return ""
    shown = f"{value:.3f}".rstrip("0").rstrip(".")
    return f"{shown} {_SINGULAR.get(name, name) if value == 1 else name}" if float(shown) else ""


def _mixed(whole: str, above: str, below: str, unit: str) -> str:
    return f"{int(whole)} {above}/{below} {_UNITS[unit]}" if _proper(above, below) and int(whole) <= 20 else ""


def _many(count: str, amount: str, unit: str) -> str:
    if _proper(count, amount) and (_UNITS[unit] in _FRACTIONS or (count == "1" and amount in ("2", "4"))):
        return f"{int(count)}/{int(amount)} {_UNITS[unit]}"
    return _times(count, amount, unit)


def _times(count: str, amount: str, unit: str) -> str:
    each = _one(amount, unit)
    if not each or not 0 < int(count) <= _MOST["pk"]:
        return ""
    return each if int(count) == 1 else f"{int(count)} × {each}"


def _proper(above: str, below: str) -> bool:
    return below.isdigit() and int(below) in (2, 3, 4, 8, 16) and 0 < int(above) < int(below)


def _counted(count: str, kind: str, amount: str, unit: str) -> str:
    return ", ".join(part for part in (_one(count, kind), _one(amount, unit)) if part)


_READINGS = (
    (_ONE, _one),
    (_MIXED, _mixed),
    (_MANY, _many),
    (_PACK, lambda count, _, amount, unit: _times(count, amount, unit)),
    (_PACKED, lambda amount, unit, count: _times(count, amount, unit)),
    (_COUNTED, _counted),
    (_COUNTING, lambda amount, unit, count, kind: _counted(count, kind, amount, unit)),
    (_TIMES, lambda wide, high, unit: f"{float(wide):g} × {float(high):g} {unit.lower()}"),
)
