"""One verb a flow: `shopkeeper --help`."""

from shopkeeper.cli.verbs import main

__all__ = ["main"]
