"""The settings of a shop: `settings.toml`, checked against one pydantic model a section.

A stage's section holds its own keys and a table for each plug-in: `[recall]` has `limit`, `[recall.lexical]` has `k1`.
A plug-in's keys are declared in its own file (`Settings`), so that one file adds one thing.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shopkeeper import plugins
from shopkeeper.complaints import complaint
from shopkeeper.errors import SettingError, ShopNotFound, did_you_mean
from shopkeeper.objectives import Objectives
from shopkeeper.types import Scene
from shopkeeper.understood import Says, Way

SETTINGS_FILE = "settings.toml"
FUSED, BLEND = "fused", "blend"
"""The rankers that need no labels: by ranks, and of a search by scores."""
M = TypeVar("M", bound=BaseModel)


class Section(BaseModel):
    """A frozen table of settings that refuses unknown keys, and numbers without an end."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class PluginSettings(Section):
    """What every plug-in's table may say."""

    enabled: bool = Field(True, description="Whether this plug-in takes part.")


Weight = Annotated[float, Field(ge=0)]
SCENE_WEIGHTS = "The weight in scenes where it is another one."


class SourceSettings(PluginSettings):
    """What every recall source's table may say."""

    weight: float = Field(1.0, ge=0, description="Weight of this source's ranks in the fusion.")
    scene_weights: dict[Scene, Weight] = Field(default={}, description=SCENE_WEIGHTS)
    budget_ms: float | None = Field(None, gt=0, description="In place of recall.budget_ms, for this source alone.")


class Shop(Section):
    """Who the shop is."""

    name: str = Field("shop", pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["shop-2"], description="In every route.")
    title: str = Field("", description="The name people read; the shop's name when empty.")
    language: Literal["auto", "en", "zh"] = Field("auto", description="Of the catalogue; auto looks at titles.")
    currency: str = Field(
        "USD", pattern=r"^[A-Z]{3}$", examples=["EUR"], description="ISO 4217 code of prices without one."
    )


class Store(Section):
    """Where state lives."""

    tail_days: int = Field(2, ge=1, description="Full days older than this are compacted to Parquet.")
    exposure_days: int = Field(90, ge=1, description="Exposures older than this are dropped.")


class Quality(Section):
    """Can we trust the data."""

    repairs: tuple[str, ...] = Field(
        (), description="Repairs of what learning reads, in this order; the data themselves stay as they are."
    )


class Encode(Section):
    """The language model."""

    weights: str = Field("auto", description="auto, none, a package, a path or a hub name.")
    sha256: str = Field("", description="The expected sha256 of the weights file; empty for the packaged ones we know.")
    threads: int = Field(1, ge=1, description="Math threads of one encoder session.")
    workers: int = Field(2, ge=1, description="Sessions that encode the catalogue side by side.")
    max_tokens: int = Field(64, ge=8, le=512, description="Longer product texts are cut.")
    minutes: float = Field(
        10.0, ge=0, description="How long `learn` adapts the language model to the shop at most; 0 leaves it as it is."
    )
    method: str = Field("full", description="Which of its numbers learn: a method below.")
    tasks: tuple[str, ...] = Field(("matching",), description="What it is taught: tasks below.")
    adversarial: Literal["none", "fgm", "awp"] = Field(
        "none", description="Learns from each batch where it is hardest, too: words moved, or weights. Half as fast."
    )
    epsilon: float | None = Field(
        None, gt=0, description="How far they are moved: 1 for fgm, .005 of each matrix for awp where nothing is said."
    )


class Synonyms(Section):
    """Other words for those of a query; a product that says one of them is found, too."""

    enabled: bool = Field(True, description="Whether any of these, mined ones too, is used.")
    same: tuple[tuple[str, ...], ...] = Field(
        (), description='Lists of words that mean the same, both ways: [["tv", "television"], ["手机", "电话"]].'
    )
    also: dict[str, tuple[str, ...]] = Field(
        {}, description="One way: who asks for a word also finds these, not the other way round."
    )
    file: str = Field("", description="A TOML file in the shop's folder that says more of `same` and `also`.")
    weight: float = Field(0.5, gt=0, le=1, description="What a match by a synonym counts beside one by the word.")
    mined: tuple[Way, ...] = Field(
        ("reformulations", "choices"),
        description="Synonyms that `learn` finds: words that shoppers put in the place of others after which they "
        "chose nothing, words after which they choose the same, words of titles that are near in meaning (neighbours).",
    )
    mined_weight: float = Field(0.3, gt=0, le=1, description="What a match by one of those counts.")
    refused: tuple[tuple[str, ...], ...] = Field(
        (), description='Of those never this pair, or anything with this word: [["tea", "coffee"], ["kit"]].'
    )


class Understand(Section):
    """What is made of a query's words."""

    spelling: bool = Field(True, description="Whether words that the shop does not say are corrected to its own.")
    pinyin: bool = Field(
        True, description="Whether pinyin, and Chinese characters of the same sound, become the shop's words."
    )
    did_you_mean: bool = Field(
        True, description="Whether a more frequent word is offered for one that is nearly alike and said once or twice."
    )
    personal_suggestions: bool = Field(
        True, description="Whether what a shopper searched and bought stands before other completions for them."
    )
    filters: bool = Field(
        True, description="Whether a brand, a category, a price or an attribute that words state becomes a filter."
    )
    stated: tuple[Says, ...] = Field(get_args(Says), description="Which of these may, attributes by value or range.")
    category_prior: bool = Field(False, description="Whether a search that names no category leans to its likeliest.")
    codes: bool = Field(True, description="Whether words that are all codes or numbers are searched as a code.")
    service: bool = Field(
        True, description="Whether questions for the shop's service (returns, delivery, ...) are told from products."
    )
    sentiment: bool = Field(True, description="Whether a query that complains or praises is told, and helps `service`.")
    synonyms: Synonyms = Synonyms()


class Recall(Section):
    """Many to hundreds."""

    limit: int = Field(300, ge=10, description="How many rows a source may offer.")
    keep: int = Field(300, ge=10, description="How many of a request's candidates go on, the best fused ones.")
    rrf_k: int = Field(60, ge=1, description="k of the reciprocal rank fusion.")
    budget_ms: float = Field(100.0, gt=0, description="A source that takes longer is skipped and named in the page.")
    deadline_ms: float = Field(200.0, gt=0, description="After it a page is made of what has come, whatever is late.")


class Rerank(Section):
    """The first few of a search, read together with its words by a cross-encoder."""

    top: int = Field(0, ge=0, le=100, description="So many of an order's first are read; 0 reads none.")
    weights: str = Field("auto", description="auto, the packaged English one, or the path of an ONNX file.")
    weight: float | None = Field(
        None, ge=0, description="What it counts beside the order before; judgments teach it where nothing is said."
    )


class Rank(Section):
    """Hundreds to an order."""

    rankers: dict[Scene, str] = Field(
        default={"home": "lambdarank"},
        description="The ranker of each scene; windows teach what a home page should have held, judgments choose that "
        "of a search which is not named here; without them it is blend where products have vectors and are at most "
        "200,000. Elsewhere: fused.",
    )
    personal: float = Field(
        # measured on 2,469 households: see docs/LOG.md, 2026-11-22
        0.6,
        ge=0,
        le=1,
        description="How far a search leans towards what its shopper bought before, and usually buys: so much of the "
        "way from the twentieth to the best product at most; 0 not at all.",
    )
    depth: int = Field(150, ge=10, description="How many of the best fused candidates a ranker is given to order.")
    rerank: Rerank = Rerank()
    objectives: Objectives = Objectives()
    windows: int = Field(4, ge=1, description="How many earlier windows the ranker is trained on.")
    window_days: float = Field(7.0, gt=0, description="Length of one training window.")
    young: float = Field(
        0.0, ge=0, lt=1, description="Share of products that a window takes for just come, with no or a few events."
    )

    def ordered(self) -> frozenset[Scene]:
        """The scenes that a taught ranker orders; how a search is ordered its judgments say."""
        return frozenset(scene for scene, ranker in self.rankers.items() if ranker != FUSED and scene != "search")


class Learn(Section):
    """When a version may replace another."""

    holdout_days: float = Field(7.0, gt=0, description="The last days, kept for measuring.")
    min_events: int = Field(100, ge=0, description="Fewer purchases, clicks and carts than this cannot be learnt from.")
    min_products: int = Field(10, ge=1, description="Fewer products than this cannot be learnt from.")
    margin: float = Field(
        0.0, ge=0, description="How much a version may lose beyond doubt, in a contest's own metric, and still serve."
    )
    suggest_after: int = Field(3, ge=1, description="A past query is suggested once it was asked so often.")
    suggest_shoppers: int = Field(
        2, ge=2, description="And by so many different shoppers; searches that name no shopper are nobody's."
    )
    judgments: str = Field(
        "judgments.csv",
        description="What people or clicks said of products for queries, in the shop's folder: the order of a search "
        "is chosen by it, see docs/evaluate.md. Without the file nothing is chosen.",
    )
    keep_versions: int = Field(
        5,
        ge=2,
        description="How many versions stay; older ones go after learning, never one that serves or served last.",
    )
    seed: int = Field(0, description="Seed of everything random.")


class Serve(Section):
    """The HTTP server."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    open: bool = Field(True, description="Whether requests need no API key; keys come from the environment.")
    requests_per_minute: int = Field(6000, ge=1, description="Rate limit of one key or address.")
    body_limit_kb: int = Field(1024, ge=1, description="Larger request bodies are refused.")


CORE: dict[str, type[Section]] = {
    "shop": Shop,
    "store": Store,
    "quality": Quality,
    "encode": Encode,
    "understand": Understand,
    "recall": Recall,
    "rank": Rank,
    "learn": Learn,
    "serve": Serve,
}
STAGES_WITH_PLUGINS = {stage for stage, _ in plugins.KINDS.values()}


class Settings:
    """All settings of a shop. Core sections are attributes; a plug-in's table comes from `of(kind, name)`."""

    shop: Shop
    store: Store
    quality: Quality
    encode: Encode
    understand: Understand
    recall: Recall
    rank: Rank
    learn: Learn
    serve: Serve

    def __init__(self, tables: dict[str, dict[str, Any]], text: str = "", source: str = SETTINGS_FILE) -> None:
        """Checks every core table; `text` is what `tables` was read from, for line numbers. Raises SettingError."""
        self.tables = tables
        self._text = text
        self._source = source
        known = sorted(set(CORE) | STAGES_WITH_PLUGINS)
        for name, table in tables.items():
            if name not in known:
                allowed = ", ".join(known) + "." + did_you_mean(name, known)
                raise SettingError(f"[{name}]: no such section ({self._place(name, '')}). Allowed: {allowed}")
            for key, given in ((None, table), *_own_tables(name, table)):
                if not isinstance(given, dict):
                    raise self._no_table(name, key, given)
        for name in known:
            model = CORE.get(name, Section)
            own = {key: value for key, value in tables.get(name, {}).items() if not _is_plugin(name, key)}
            setattr(self, name, self._checked(model, own, name))
        self._check_rankers()
        self._check_named("encode.method", "method", (self.encode.method,))
        self._check_named("encode.tasks", "task", self.encode.tasks)

    def of(self, kind: str, name: str) -> Any:
        """The checked settings of one plug-in; its defaults where the file says nothing."""
        stage, _ = plugins.KINDS[kind]
        values = self.tables.get(stage, {}).get(name, {})
        return self._checked(plugins.load(kind, name).Settings, values, f"{stage}.{name}")

    def with_table(self, section: str, values: Mapping[str, object]) -> "Settings":
        """The same settings with these keys of one section. Raises SettingError."""
        tables = {**self.tables, section: {**self.tables.get(section, {}), **values}}
        return Settings(tables, self._text, self._source)

    def enabled(self, kind: str) -> list[str]:
        """Names of the plug-ins of a kind that take part."""
        return [name for name in plugins.names(kind) if self.of(kind, name).enabled]

    def check(self) -> None:
        """Checks the tables of all plug-ins, which imports them, and where they serve. Raises SettingError."""
        for kind in plugins.KINDS:
            for name in plugins.names(kind):
                self.of(kind, name)
        for scene, name in self.rank.rankers.items():
            allowed = getattr(plugins.load("ranker", name), "scenes", (scene,))
            if scene not in allowed:
                place = self._place("rank", "rankers")
                raise SettingError(
                    f"rank.rankers.{scene}: {name} orders {', '.join(sorted(allowed))} alone ({place}). Name another."
                )

    def _check_rankers(self) -> None:
        """Every scene's ranker is one that takes part. Raises SettingError."""
        tables = self.tables.get("rank", {})
        enabled = [name for name in plugins.names("ranker") if tables.get(name, {}).get("enabled", True) is not False]
        if FUSED not in enabled:
            place = self._place(f"rank.{FUSED}", "enabled")
            raise SettingError(
                f"rank.{FUSED}.enabled: must be true, got False ({place}). It orders where none is taught."
            )
        for scene, name in self.rank.rankers.items():
            if name not in enabled:
                allowed = ", ".join(enabled) + "." + did_you_mean(name, enabled)
                place = self._place("rank", "rankers")
                raise SettingError(
                    f"rank.rankers.{scene}: no such ranker takes part, got {name!r} ({place}). Allowed: {allowed}"
                )

    def _check_named(self, setting: str, kind: str, given: tuple[str, ...]) -> None:
        """What a setting names is a plug-in of this kind, at least one. Raises SettingError."""
        known = plugins.names(kind)
        for name in given or ("",):
            if name not in known:
                place = self._place(*setting.split("."))
                allowed = ", ".join(known) + "." + did_you_mean(name, known)
                raise SettingError(f"{setting}: no such {kind}, got {name!r} ({place}). Allowed: {allowed}")

    def _checked(self, made: type[M], values: dict[str, Any], where: str) -> M:
        model: type[BaseModel] = made
        try:
            return made(**values)
        except ValidationError as error:
            first = error.errors()[0]
            path = [str(part) for part in first["loc"]]
            while len(path) > 1 and (inner := table_of(model, path[0])) is not None:
                model, where, path = inner, f"{where}.{path[0]}", path[1:]
            place = self._place(where, path[0] if path else "")
            raise SettingError(f"{'.'.join([where, *path])}: {complaint(first, model, path, place, where)}") from None

    def _no_table(self, section: str, key: str | None, given: object) -> SettingError:
        place = self._place("", section) if key is None else self._place(section, key)
        name = section if key is None else f"{section}.{key}"
        return SettingError(f"{name}: must be a table, got {given!r} ({place}). Write [{name}], its keys below it.")

    def _place(self, section: str, key: str) -> str:
        """`settings.toml line 14`: where the key stands, or its section, or just the file."""
        current, best = "", 0
        for number, line in enumerate(self._text.splitlines(), start=1):
            bare = line.strip()
            if bare.startswith("["):
                current = bare.strip("[] ")
                best = number if current == section else best
            elif current == section and key and bare.partition("=")[0].strip() == key:
                best = number
                break
        return f"{self._source} line {best}" if best else self._source


def _own_tables(stage: str, table: object) -> list[tuple[str, object]]:
    """What stands where a plug-in's table should."""
    return [(key, value) for key, value in table.items() if _is_plugin(stage, key)] if isinstance(table, dict) else []


def table_of(model: type[BaseModel], key: str) -> type[BaseModel] | None:
    """The model of a table within a section; None where the key is no table."""
    kind = model.model_fields[key].annotation if key in model.model_fields else None
    return kind if isinstance(kind, type) and issubclass(kind, Section) else None


def _is_plugin(stage: str, key: str) -> bool:
    return any(key in plugins.names(kind) for kind, (owner, _) in plugins.KINDS.items() if owner == stage)


def read(folder: Path) -> Settings:
    """The settings of the shop in this folder. Raises ShopNotFound or SettingError."""
    path = folder / SETTINGS_FILE
    if not path.is_file():
        hint = f"Make one with: shopkeeper new {folder}"
        raise ShopNotFound(f"{folder} holds no shop: {SETTINGS_FILE} is missing. {hint}")
    try:
        return parse(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SettingError(f"{path}: not UTF-8 ({error}). Save the file as UTF-8.") from None


def parse(text: str) -> Settings:
    """The settings written in this TOML. Raises SettingError."""
    try:
        return Settings(tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{SETTINGS_FILE}: not valid TOML: {error}") from None
