"""The merchant's file as it is written: every table, its fields, and what is wrong with it in one line."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, ValidationError, model_validator

from shopkeeper.errors import RuleError, did_you_mean
from shopkeeper.merchandise.schedule import FIRST_YEAR, LAST_YEAR, WEEKDAYS, Clock, Weekday, day_of, minutes_of
from shopkeeper.settings import Section
from shopkeeper.types import Language, Scene

RULES_FILE = "merchandising.toml"
LAST_VALID_FILE = "merchandising.last-valid.toml"
"""What serves where the file cannot: written by the shop, never by hand."""
"""Where the rules stand, in the shop's folder."""
MOST_RULES, MOST_PLACES = 10_000, 100
_ADDRESS = re.compile(r"(https?://[^\s/\\][^\s\\]*|/(?![/\\])[^\s\\]*)")
_HOURS = r"^([01]\d|2[0-3]):[0-5]\d\s*-\s*(([01]\d|2[0-3]):[0-5]\d|24:00)$"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"no time zone {name!r}. Write one such as Europe/Berlin, Asia/Shanghai, UTC") from None
    return name


def _moment(moment: datetime | date) -> datetime | date:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"must lie in the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment


def _address(to: str) -> str:
    if not _ADDRESS.fullmatch(to):
        raise ValueError("must be a path such as /sale or an address that begins with https://")
    return to


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=400)]
Texts = Annotated[tuple[Text, ...], Field(max_length=1000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00-\x1f]*$")]
Zone = Annotated[str, AfterValidator(_zone)]
Moment = Annotated[datetime | date, AfterValidator(_moment)]
Factor = Annotated[float, Field(gt=1, le=1000)]


class Selection(Section):
    """Products by id, brand, category or attribute: of several kinds all hold, of one kind any value."""

    products: Texts = ()
    brands: Texts = ()
    categories: Texts = ()
    attributes: dict[Text, Texts] = Field({})

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.products or self.brands or self.categories or any(self.attributes.values())):
            raise ValueError("names no product. Name products, brands, categories or attributes")
        return self


class Pin(Section):
    """A product that stands at a place of the page, counted from 1."""

    product: Text
    place: int = Field(ge=1, le=MOST_PLACES)


class Boost(Selection):
    """Products whose score is multiplied."""

    by: Factor = 2.0


class Bury(Selection):
    """Products whose score is divided; without `by` they go to the end."""

    by: Factor | None = None


class Redirect(Section):
    """Where a search leads in place of its page: to an address, or to another search."""

    to: Annotated[str, AfterValidator(_address), StringConstraints(max_length=2000)] | None = None
    search: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.to is None) == (self.search is None):
            raise ValueError("needs either `to`, an address, or `search`, other words")
        return self


class StandIns(Section):
    """Words that may stand for others while the rule holds, as in [understand.synonyms]."""

    same: tuple[Texts, ...] = ()
    also: dict[Text, Texts] = Field({})


class When(Section):
    """Which pages are meant: `queries`: exactly one of these; `words`: all of these are among the query's."""

    queries: Texts = ()
    words: Texts = ()
    scenes: tuple[Scene, ...] = ()
    categories: Texts = Field((), description="The page is narrowed to one of these, or to a part of one.")


class Schedule(Section):
    """When the rule holds. A date counts from its first minute, `until` to its last."""

    start: Moment | None = Field(None, alias="from")
    until: Moment | None = None
    weekdays: tuple[Weekday, ...] = ()
    hours: Annotated[str, StringConstraints(pattern=_HOURS)] | None = None
    timezone: Zone | None = None

    def clock(self, zone: str) -> Clock:
        """The schedule by the clock; `zone` where it names none itself."""
        zone, given = self.timezone or zone, {}
        if self.start is not None:
            given["start"] = day_of(self.start, zone)
        if self.until is not None:
            given["end"] = day_of(self.until, zone, ends=True)
        days = frozenset(WEEKDAYS.index(name) for name in self.weekdays)
        return Clock(**given, weekdays=days, minutes=minutes_of(self.hours) if self.hours else None, zone=zone)


class Audience(Section):
    """Whose pages are meant; all that is said holds. `categories`, `brands`: something of these was bought or seen."""

    who: Literal["everyone", "guests", "known"] = "everyone"
    languages: tuple[Language, ...] = ()
    categories: Texts = ()
    brands: Texts = ()
    context: dict[Text, Text] = Field({})


class MerchantRule(Section):
    """One rule: when, for whom, and what it does."""

    name: Name
    enabled: bool = True
    priority: int = Field(0, ge=-1000, le=1000)
    when: When = When()
    schedule: Schedule = Schedule()
    audience: Audience = Audience()
    pin: Annotated[tuple[Pin, ...], Field(max_length=MOST_PLACES)] = ()
    boost: tuple[Boost, ...] = ()
    bury: tuple[Bury, ...] = ()
    hide: tuple[Selection, ...] = ()
    only: Selection | None = None
    redirect: Redirect | None = None
    synonyms: StandIns = StandIns()

    def does(self) -> tuple[str, ...]:
        """What the rule does, by the names of its tables."""
        done = ("pin", "boost", "bury", "hide", "only", "redirect")
        words = ("synonyms",) if self.synonyms.same or self.synonyms.also else ()
        return (*(name for name in done if getattr(self, name)), *words)


class Merchandising(Section):
    """The whole file. `dictionary`: words that are kept whole."""

    timezone: Zone = "UTC"
    dictionary: Texts = ()
    rules: Annotated[tuple[MerchantRule, ...], Field(max_length=MOST_RULES)] = ()


NOTHING = Merchandising()


def parse(text: str) -> Merchandising:
    """What the text says. Raises RuleError with the rule, the field, what stands there and what is allowed."""
    try:
        tables = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise RuleError(f"{RULES_FILE}: not valid rules: brackets are nested too deeply. Take some away.") from None
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{RULES_FILE}: not valid TOML: {error}") from None
    try:
        return Merchandising.model_validate(tables)
    except ValidationError as error:
        found = error.errors()
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        raise RuleError(_complaint(first, tables, text)) from None


def _complaint(error: Any, tables: Mapping[str, Any], text: str) -> str:
    """Where, what is wrong, what stands there and what is allowed, in one line."""
    loc = [part for part in error["loc"] if not (isinstance(part, str) and part in ("datetime", "date"))]
    where = _place(loc, tables, text)
    if error["type"] == "extra_forbidden":
        allowed = sorted(_fields(loc[:-1]))
        return f"{where}: no such field. Allowed: {', '.join(allowed)}.{did_you_mean(str(loc[-1]), allowed)}"
    if error["type"] == "missing":
        return f"{where}: is required. Write {loc[-1]} = ..."
    message = str(error["msg"]).removeprefix("Value error, ")
    message = "must be" + message[15:] if message.startswith("Input should be") else message[:1].lower() + message[1:]
    given = error.get("input")
    told = given if isinstance(given, str | int | float | bool) else None
    return f"{where}: {message}" + ("" if told is None else f", got {str(told)[:80]!r}") + "."


def _place(loc: list[Any], tables: Mapping[str, Any], text: str) -> str:
    """`merchandising.toml line 14: rule 'Advent': pin.0.place`."""
    if loc[:1] != ["rules"] or len(loc) < 2 or not isinstance(loc[1], int):
        return f"{RULES_FILE}: {'.'.join(map(str, loc)) or 'the file'}"
    begins = [at for at, line in enumerate(text.splitlines(), start=1) if line.strip().startswith("[[rules]]")]
    line = f" line {begins[loc[1]]}" if loc[1] < len(begins) else ""
    rule = tables["rules"][loc[1]]
    name = rule.get("name", "") if isinstance(rule, Mapping) else ""
    field = ".".join(map(str, loc[2:]))
    return f"{RULES_FILE}{line}: rule {f'{name}' if name else loc[1] + 1!r}" + (f": {field}" if field else "")


def _fields(loc: list[Any]) -> set[str]:
    """The names of the fields of the table at this place."""
    model: type[BaseModel] = Merchandising
    inner: Mapping[str, type[BaseModel]] = {
        "rules": MerchantRule,
        "when": When,
        "schedule": Schedule,
        "audience": Audience,
        "pin": Pin,
        "boost": Boost,
        "bury": Bury,
        "hide": Selection,
        "only": Selection,
        "redirect": Redirect,
        "synonyms": StandIns,
    }
    for part in loc:
        model = inner.get(part, model) if isinstance(part, str) else model
    return {field.alias or name for name, field in model.model_fields.items()}
