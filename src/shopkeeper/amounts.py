"""Numbers with a unit: `16 GB`, `1,5 l`, `27"`, `500克`, read once where a text comes in, so that units compare.

Memory counts by 1,024 up to the gigabyte and drives by 1,000 above it, as their makers do.
"""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

_TABLE = """
data: b 1 byte bytes 字节 | kb 1024 | mb 1048576 兆 | gb 1073741824 gigabyte gigabytes gig gigs 吉字节
data: tb 1073741824000 terabyte terabytes 太字节
length: mm .001 millimeter millimetre millimeters millimetres 毫米
length: cm .01 centimeter centimetre centimeters centimetres 厘米 公分 | m 1 meter metre meters metres 米 | km 1000 公里
length: inch .0254 in inches " ″ '' ′′ ” 寸 英寸 吋 | ft .3048 foot feet 英尺
volume: ml .001 milliliter millilitre milliliters millilitres 毫升 | cl .01 厘升
volume: l 1 liter litre liters litres ltr 升 公升 | gal 3.785411784 gallon gallons 加仑
mass: mg .001 毫克 | g 1 gram grams gramme grammes gr 克
mass: kg 1000 kgs kilo kilos kilogram kilograms 千克 公斤 | oz 28.349523125 ounce ounces 盎司
mass: lb 453.59237 lbs pound pounds 磅 | 斤 500 市斤
power: w 1 watt watts 瓦 | kw 1000 kilowatt kilowatts 千瓦 | va 1 | kva 1000
voltage: v 1 volt volts 伏 | kv 1000
charge: mah 1 毫安时 毫安 | ah 1000 安时
energy: wh 1 | kwh 1000
frequency: hz 1 hertz 赫兹 | khz 1000 | mhz 1000000 兆赫 | ghz 1000000000
rate: mbps 1 mbit/s mb/s 兆每秒 | gbps 1000 gbit/s
picture: mp 1 megapixel megapixels 百万像素 万像素=.01
count: pc 1 pcs ct pk pack packs piece pieces 件 片 个 支 只 包 装 枚
turns: rpm 1 转
time: h 1 hr hours hour 小时 | min .016666666666666666 minutes 分钟
light: lm 1 lumen lumens 流明
sound: db 1 分贝
fineness: dpi 1
pages: pages 1 page sheets 页
"""
_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:[.,]\d+)?|[-+]?\.\d+"
_AMOUNT = re.compile(rf"\s*({_NUMBER})\s*([^\d\s.,;:()]*(?:/s)?)\s*")
CLOSE = 2e-6
"""Amounts this near to each other, of the larger, are equal: ratios of units are rounded."""


class Unit(NamedTuple):
    """How the unit is written, what it measures, and how much of that it is."""

    name: str
    kind: str
    factor: float


NONE = Unit("", "", 1.0)
"""Of a bare number."""


class Amount(NamedTuple):
    """A number and its unit."""

    number: float
    unit: Unit

    @property
    def worth(self) -> float:
        """The amount in its kind's own measure, in which all units compare."""
        return self.number * self.unit.factor


class Between(NamedTuple):
    """From `low` to `high`, both inclusive, None without an end, in a unit; without one, the attribute's own."""

    low: float | None = None
    high: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        """As facets and filters write it: `8..16 GB`, `8.. GB`, or `8 GB` where both ends are one."""
        low, high = (None if end is None else _digits(end) for end in (self.low, self.high))
        span = low if low is not None and low == high else f"{low or ''}..{high or ''}"
        return f"{span} {self.unit}".strip()

    @classmethod
    def of(cls, text: str) -> "Between | None":
        """What `str` wrote, or a person; None where it cannot be read."""
        low, dots, high = text.strip().partition("..")
        if not dots:
            one = amount_of(text)
            return None if one is None else cls(one.number, one.number, one.unit.name)
        first = amount_of(low) if low.strip() else None
        last = amount_of(high) if high.strip()[:1] in tuple("0123456789-+.") and high.strip() else None
        unit = NONE if last is not None else UNITS.get(high.strip().casefold(), None if high.strip() else NONE)
        if unit is None or (low.strip() and first is None) or (first is None and last is None):
            return None
        unit = next((end.unit for end in (last, first) if end is not None and end.unit is not NONE), unit)
        ends = [None if end is None else _in_unit(end, unit) for end in (first, last)]
        if ends[0] is not None and ends[1] is not None and not ends[0] <= ends[1]:
            return None
        return cls(ends[0], ends[1], unit.name)


def _digits(number: float) -> str:
    """The number to nine digits, never with an exponent, so that it can be read again."""
    text = f"{number:.9g}"
    return f"{number:.9f}".rstrip("0").rstrip(".") if "e" in text else text


def _in_unit(amount: Amount, unit: Unit) -> float:
    """The number in that unit; NaN where it is of another kind. A bare number is in it already."""
    if amount.unit in (NONE, unit):
        return amount.number
    return amount.worth / unit.factor if amount.unit.kind == unit.kind else math.nan


def amount_of(text: str) -> Amount | None:
    """The amount that the whole text is; None where it is anything else, or of a unit that is not known."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    unit = UNITS.get(match[2].casefold()) if match[2] else NONE
    number = number_of(match[1])
    return None if unit is None or not math.isfinite(number) else Amount(number, unit)


def number_of(text: str) -> float:
    """The number of digits as people write them: `1,5` is one and a half, `1,500` fifteen hundred."""
    whole, comma, rest = text.rpartition(",")
    if comma and "." not in rest and len(rest) != 3:
        text = f"{whole.replace(',', '')}.{rest}"
    return float(text.replace(",", ""))


_WRITTEN = {"kb": "KB", "mb": "MB", "gb": "GB", "tb": "TB", "b": "B", "w": "W", "kw": "kW", "v": "V", "mah": "mAh",
            "ah": "Ah", "wh": "Wh", "kwh": "kWh", "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz", "mbps": "Mbps",
            "gbps": "Gbps", "mp": "MP", "db": "dB", "va": "VA", "kva": "kVA", "kv": "kV"}  # fmt: skip


def _units() -> Mapping[str, Unit]:
    """Every spelling to its unit; a spelling with a factor of its own, `=`, is a unit of its own."""
    found: dict[str, Unit] = {}
    for line in _TABLE.strip().splitlines():
        kind, _, listed = line.partition(": ")
        for one in filter(None, map(str.strip, listed.split("|"))):
            name, factor, *others = one.split()
            unit = Unit(_WRITTEN.get(name, name), kind, float(factor))
            found[name] = unit
            for other in others:
                spelling, own, times = other.partition("=")
                found[spelling] = Unit(spelling, kind, float(times)) if own else unit
    return found


UNITS: Mapping[str, Unit] = _units()
"""By spelling, in lower case."""
