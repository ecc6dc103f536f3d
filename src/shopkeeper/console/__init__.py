"""Pages for people: the storefront and the console, served by `serve/`."""

from shopkeeper.console.routes import mount

__all__ = ["mount"]
