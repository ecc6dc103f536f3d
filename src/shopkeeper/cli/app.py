"""The command line itself: its verbs are in `verbs.py`, and what several of them ask for is said once here."""

from functools import partial
from pathlib import Path
from typing import Annotated

import click
import typer
from typer.core import TyperCommand

app = typer.Typer(
    help="Search and recommendation for a shop, from its files to a page.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


class Verb(TyperCommand):
    """A command whose help has no marks that were meant for a markup it does not use."""

    def get_help(self, ctx: click.Context) -> str:
        """The help as people read it."""
        return super().get_help(ctx).replace("\\[", "[")


verb = partial(app.command, cls=Verb)

ShopPath = Annotated[Path, typer.Argument(metavar="SHOP", help="The shop's folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]
User = Annotated[str, typer.Option("--user", help="The shopper's id.")]
Count = Annotated[int, typer.Option("--k", min=1, max=200, help="How many products.")]


def _say_version(asked: bool) -> None:
    if asked:
        from shopkeeper import __version__

        typer.echo(f"shopkeeper {__version__}")
        raise typer.Exit


@app.callback()
def every(
    debug: Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Search and recommendation for a shop, from its files to a page."""
    del debug, version  # `main` reads the one, since it must know even where parsing fails; the other answers by itself
