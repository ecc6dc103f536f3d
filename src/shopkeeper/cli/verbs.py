"""The verbs of the command line. Each imports what it needs when it runs, so that help is instant."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopkeeper.cli.app import AsJson, Count, ShopPath, User, app, verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from shopkeeper.flow.ask import Asked
    from shopkeeper.flow.judge import Learnt
    from shopkeeper.flow.learn import Progress
    from shopkeeper.types import Scene


@verb()
def new(
    shop: ShopPath,
    name: Annotated[str, typer.Option(help="The name in every route; the folder's name by default.")] = "",
    settings: Annotated[Path | None, typer.Option(help="A settings.toml to start from.")] = None,
) -> None:
    """Make an empty shop."""
    from shopkeeper.cli.show import console
    from shopkeeper.store.folder import create

    text = settings.read_text(encoding="utf-8") if settings else f'[shop]\nname = "{name or _slug(shop)}"\n'
    create(shop, text)
    console.print(f"{shop} is a shop. Next: shopkeeper import {shop} FILE...", highlight=False)


@verb("import")
def import_files(
    shop: ShopPath,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="CSV, JSONL or Parquet, also .gz.")
    ] = None,
    reader: Annotated[str, typer.Option(help="The reader; by the file's extension when absent.")] = "",
) -> None:
    """Bring files in; every refused row is kept with its reason."""
    from shopkeeper.cli import show
    from shopkeeper.cli.progress import progress
    from shopkeeper.intake.load import load
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=True) as folder, progress() as tell:
        report = load(folder, files or [], reader=reader or None, progress=tell)
    show.intake(report)
    show.console.print(f"Next: shopkeeper check {shop}", highlight=False)


@verb()
def check(shop: ShopPath, as_json: AsJson = False) -> None:
    """Say whether the data can be trusted, and write the quality report; ends with 1 where nothing can be learnt."""
    from shopkeeper.cli import show
    from shopkeeper.flow.check import check as checked
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        report = checked(folder).report
        show.quality(report, folder.path / "reports", as_json)
    if report.verdict == "unlearnable":
        raise typer.Exit(1)


@verb()
def learn(
    shop: ShopPath,
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Only count what came since; keep the models: seconds, for every day.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn a new version, measure it on days it has not seen, and promote it if it earned that."""
    from shopkeeper.flow.increment import increment
    from shopkeeper.flow.learn import learn as learnt

    _learn(shop, as_json, increment if incremental else learnt)


@verb()
def adapt(
    shop: ShopPath,
    method: Annotated[str, typer.Option(help="full, lora, linear, ...: docs/settings.md.")] = "",
    tasks: Annotated[str, typer.Option(help="matching,masked,...: docs/language-model.md.")] = "",
    minutes: Annotated[float | None, typer.Option(min=0, help="How long at most; 10 where nothing is set.")] = None,
    as_json: AsJson = False,
) -> None:
    """Learn a new version with the language model taught in another way than the settings say."""
    given: dict[str, object] = {}
    if method:
        given["method"] = method
    if tasks:
        given["tasks"] = tuple(name.strip() for name in tasks.split(","))
    if minutes is not None:
        given["minutes"] = minutes
    from shopkeeper.flow.learn import learn as learnt

    _learn(shop, as_json, partial(learnt, encode=given))


@verb()
def card(shop: ShopPath, as_json: AsJson = False) -> None:
    """Show what the language model was taught and gained, and write the model card."""
    from shopkeeper.cli import show
    from shopkeeper.flow.adapt import written_card
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        show.card(written_card(folder), folder.path / "reports", as_json)


@verb()
def search(
    shop: ShopPath,
    query: Annotated[list[str], typer.Argument(metavar="WORD...", help="What a shopper types.")],
    user: User = "",
    k: Count = 10,
    sort: Annotated[str, typer.Option(help="relevance, price_asc, price_desc, newest, best_selling, rating.")] = "",
    as_json: AsJson = False,
) -> None:
    """Search the shop as a shopper would."""
    from shopkeeper.errors import RequestError
    from shopkeeper.types import SORTS

    known = next((name for name in SORTS if name == (sort or SORTS[0])), None)
    if known is None:
        raise RequestError(f"--sort: must be one of {', '.join(SORTS)}, got '{sort}'.")
    _page(shop, as_json, scene="search", query=" ".join(query), user_id=user, k=k, sort=known)


@verb()
def recommend(
    shop: ShopPath,
    user: User = "",
    scene: Annotated[str, typer.Option(help="home, similar, together, cart or trending.")] = "home",
    product: Annotated[list[str] | None, typer.Option(help="A seed product's id; may be repeated.")] = None,
    k: Count = 10,
    as_json: AsJson = False,
) -> None:
    """Recommend products to a shopper, or beside a product."""
    from shopkeeper.errors import RequestError
    from shopkeeper.types import SCENES, SEEDED

    offered = [name for name in SCENES if name != "search"]
    known = next((name for name in offered if name == scene), None)
    if known is None:
        hint = " For words, use: shopkeeper search SHOP WORD..." if scene == "search" else ""
        raise RequestError(f"--scene: must be one of {', '.join(offered)}, got '{scene}'.{hint}")
    if product and known not in SEEDED:
        seeded = ", ".join(name for name in offered if name in SEEDED)
        raise RequestError(f"--product: scene '{known}' is not about a product; leave it out, or ask for {seeded}.")
    if known in SEEDED and not product:
        raise RequestError(f"--product: scene '{known}' is about a product; name one, such as --product ID.")
    _page(shop, as_json, scene=known, user_id=user, product_ids=tuple(product or ()), k=k)


@verb()
def compare(shop: ShopPath, as_json: AsJson = False) -> None:
    """Show all versions and baselines side by side, with intervals."""
    from shopkeeper.cli import show
    from shopkeeper.flow.compare import compare as compared
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        show.comparison(compared(folder), as_json)


@verb()
def evaluate(
    shop: ShopPath,
    judgments: Annotated[Path, typer.Option(metavar="FILE", help="CSV: query, product_id, rating from 0.")],
    config: Annotated[
        list[Path] | None,
        typer.Option(metavar="TOML", help="Settings that differ, to compare; may be given twice: docs/evaluate.md."),
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, max=200, help="How many places of a page count.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Measure the search against what people judged, with the shop's own settings or others."""
    from shopkeeper.cli.evaluation import evaluation
    from shopkeeper.cli.progress import progress
    from shopkeeper.flow.evaluate import evaluate as evaluated

    with progress() as tell:
        found = evaluated(shop, judgments, config or (), k, tell)
    evaluation(found, shop / "reports", as_json)


@verb()
def judgments(
    shop: ShopPath,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The CSV file to write; it must not be there yet.")],
    as_json: AsJson = False,
) -> None:
    """Make judgments of what shoppers clicked and bought after their searches, for evaluate."""
    from shopkeeper.cli.evaluation import from_clicks
    from shopkeeper.flow.click_judgments import click_judgments

    from_clicks(click_judgments(shop, out), shop, out, as_json)


@verb()
def rules(
    shop: ShopPath,
    check: Annotated[bool, typer.Option("--check", help="End with 1 where the file cannot be served.")] = False,
    example: Annotated[bool, typer.Option("--example", help="Write a commented file to begin with.")] = False,
    preview: Annotated[str, typer.Option(metavar="QUERY", help="A page with the rules beside the page without.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="When the page is asked for: 2026-12-24T18:00.")] = "",
    asker: Annotated[str, typer.Option("--as", metavar="USER", help="Who asks: a shopper's id, or guest.")] = "guest",
) -> None:
    """Show the merchant's own rules: pins, boosts, redirects and the like, and what is wrong with them."""
    from shopkeeper.cli import rules as own

    if example:
        own.example(shop)
    elif preview:
        own.shown(shop, preview, at, asker)
    elif not own.rules(shop) and check:
        raise typer.Exit(1)


@verb()
def synonyms(shop: ShopPath, as_json: AsJson = False) -> None:
    """Show the synonyms that the serving version mined, with what showed them, and which of them are used."""
    from shopkeeper.cli import rules as own

    own.synonyms(shop, as_json)


@verb()
def versions(shop: ShopPath, as_json: AsJson = False) -> None:
    """List the versions; the one that serves is marked."""
    from shopkeeper.cli import show
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        show.versions(folder.versions.list(), folder.versions.current(), as_json)


@verb()
def promote(
    shop: ShopPath, number: Annotated[int, typer.Argument(metavar="VERSION", help="The version's number.")]
) -> None:
    """Make a version serve, also one that was refused."""
    from shopkeeper.cli.show import console
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        folder.versions.verify(number)
        version = folder.versions.promote(number)
    console.print(f"version {version.name} serves now; a running server takes it up within a second.", highlight=False)


@verb()
def rollback(shop: ShopPath) -> None:
    """Go back to the version that served before."""
    from shopkeeper.cli.show import console
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        version = folder.versions.rollback()
    console.print(
        f"version {version.name} serves again; a running server takes it up within a second.", highlight=False
    )


@verb()
def erase(
    shop: ShopPath,
    user: Annotated[str, typer.Argument(metavar="USER", help="The shopper's id.")],
    as_json: AsJson = False,
) -> None:
    """Remove everything the shop holds of a shopper, and say what was removed."""
    from urllib.parse import quote

    from shopkeeper.cli import show
    from shopkeeper.errors import ShopLocked
    from shopkeeper.flow.build import open_shop
    from shopkeeper.settings import read

    try:
        opened = open_shop(shop)
    except ShopLocked as error:
        route = f"DELETE /v1/{read(shop).shop.name}/users/{quote(user)}"
        raise ShopLocked(f"{error} If it serves the shop, it erases too: {route}") from None
    with opened:
        show.receipt(opened.erase(user), user, as_json)


@verb()
def serve(
    shops: Annotated[list[Path], typer.Argument(metavar="SHOP...", help="One or many shop folders.")],
    host: Annotated[str, typer.Option(help="Address; the first shop's setting by default.")] = "",
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port; by default the first shop's setting, 0 takes any."),
    ] = None,
) -> None:
    """Serve shops over HTTP, with their storefronts."""
    from shopkeeper.serve.server import serve as served

    served(shops, host=host or None, port=port)


@verb()
def demo(
    shop: Annotated[Path, typer.Argument(metavar="SHOP", help="Where the demo shop is made.")] = Path("demo-shop"),
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Stop before serving.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the server.")] = 8000,
) -> None:
    """Make a real shop: two thousand households, a year of groceries; import, check, learn, serve."""
    from shopkeeper.cli.demo import demonstrate

    demonstrate(shop, serve=not no_serve, port=port)


def main() -> None:
    """Runs the command line; an error of ours becomes one line, `--debug` shows the trace."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")
    try:
        app()
    except Exception as error:
        from shopkeeper.errors import ShopkeeperError

        if debug or not isinstance(error, ShopkeeperError | OSError):
            raise
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(1)
    finally:
        if "ibis" in sys.modules:
            from shopkeeper.store.offline import close_tables

            close_tables()


def _slug(shop: Path) -> str:
    letters = "".join(
        letter if letter.isascii() and letter.isalnum() else "-" for letter in shop.resolve().name.lower()
    )
    return letters.strip("-")[:63] or "shop"


def _learn(shop: Path, as_json: bool, way: "Callable[[Path, Progress], Learnt]") -> None:
    from shopkeeper.cli import show
    from shopkeeper.cli.progress import progress

    with progress() as tell:
        found = way(shop, tell)
    show.learnt(found, as_json)
    if not found.promoted:
        raise typer.Exit(2)
    if found.version.number == 1 and not as_json:
        show.console.print(f"Next: shopkeeper serve {shop}", highlight=False)


def _page(shop: Path, as_json: bool, scene: "Scene", **asked: "Unpack[Asked]") -> None:
    from shopkeeper.cli import show
    from shopkeeper.flow.ask import ask
    from shopkeeper.flow.build import open_shop
    from shopkeeper.flow.instead import answer_or_instead
    from shopkeeper.text import language_of

    with open_shop(shop, writable=False, patient=True) as opened:
        asked.setdefault("language", language_of(" ".join(opened.catalog.titles[:100])))
        show.page(answer_or_instead(ask(opened, scene=scene, **asked), opened), opened, as_json)
