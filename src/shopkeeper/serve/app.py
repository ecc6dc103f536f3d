"""The web application: the routes of every shop, the edge around them, and the storefront where it is installed."""

import importlib.util
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from shopkeeper import __version__
from shopkeeper.flow.shop import Shop
from shopkeeper.serve import answers, events, failures, interview, products, rules, status, users
from shopkeeper.serve.edge import Edge
from shopkeeper.serve.front import Front
from shopkeeper.serve.keys import Keys, origins
from shopkeeper.serve.openapi import document
from shopkeeper.serve.watch import Watch

ROUTERS = (answers.router, events.router, products.router, users.router, rules.router, interview.router)


def create_app(shops: Mapping[str, Shop], *, keys: Keys | None = None, watch_s: float = 0.25) -> FastAPI:
    """The application for these shops, by name. The caller opens and closes the shops.

    Without `keys` they are read from the environment. Raises SettingError where a closed shop has no key.
    """
    front = Front(shops, Keys.read() if keys is None else keys)
    watch = Watch(shops, watch_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        watch.start()
        yield
        watch.stop()
        for shop in shops.values():
            shop.folder.exposures.flush()

    app = FastAPI(title="Shopkeeper", version=__version__, lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.front, app.state.watch = front, watch
    failures.install(app)
    for router in (*ROUTERS, status.router):
        app.router.routes += router.routes  # an included router finds its route twice, and slowly
    # FastAPI's own way to put another document in place
    app.openapi = lambda: document(app, shops)  # type: ignore[method-assign]
    if importlib.util.find_spec("shopkeeper.console") is not None:
        _mount_console(app, shops)
    allowed = origins()
    if allowed:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=allowed,
            allow_methods=["GET", "POST"],
            allow_headers=["X-API-Key", "X-Request-ID", "Content-Type"],
            expose_headers=["X-Request-ID", "Retry-After", "Server-Timing"],
        )
    app.add_middleware(Edge, front=front)
    return app


def _mount_console(app: FastAPI, shops: Mapping[str, Shop]) -> None:
    console = importlib.import_module("shopkeeper.console")
    if hasattr(console, "mount"):
        console.mount(app, shops)
