"""The server process: opens the shops, takes the address, serves until told to stop.

SIGTERM and SIGINT stop it gracefully: no new connection is taken, requests under way are answered, exposures are
written. SIGHUP looks for a newly promoted version and tidies the log at once.
"""

import asyncio
import contextlib
import errno
import gc
import logging
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from shopkeeper.errors import PortInUse, SettingError
from shopkeeper.flow.build import open_shop
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.app import create_app
from shopkeeper.serve.logs import configure
from shopkeeper.serve.settled import be_frugal, settle
from shopkeeper.settings import read

log = logging.getLogger(__name__)
GRACE_S = 10


def serve(
    folders: Sequence[Path],
    *,
    host: str | None = None,
    port: int | None = None,
    on_ready: Callable[[str], None] | None = None,
    log_level: str = "INFO",
) -> None:
    """Serves the shops in these folders until a signal ends it; host and port default to the first shop's settings.

    Port 0 takes a free one; `on_ready` is told the address. Raises PortInUse, ShopNotFound, ShopLocked, SettingError.
    """
    if not folders:
        raise SettingError("serve needs at least one shop folder, got none. Make one with: shopkeeper new FOLDER")
    configure(log_level)
    be_frugal()
    settings = read(folders[0]).serve
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host or settings.host, settings.port if port is None else port))
        shops: dict[str, Shop] = {}
        for folder in folders:
            shop = open_shop(folder)
            stack.callback(shop.close)
            if shop.name in shops:
                raise SettingError(f"shop.name: two shops are named '{shop.name}', one of them in {folder}; rename one")
            shops[shop.name] = shop
            if shop.version is None:
                log.warning("not learnt yet", extra={"shop": shop.name, "next": f"shopkeeper learn {folder}"})
        app = create_app(shops)
        # before the shops are closed: a page that outlived the server's patience must not write to them afterwards
        stack.callback(app.state.front.threads.shutdown, wait=True, cancel_futures=True)
        stack.callback(gc.unfreeze)
        settle()
        _Server(app, listener, on_ready).run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, so that a second server fails before it opens anything. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(
                f"port {port} on {host} is taken by another program, perhaps another shopkeeper. "
                f"Stop it, or serve elsewhere with --port {port + 1} (serve.port in the settings)."
            ) from None
        raise SettingError(f"serve.host: cannot listen on {host}, port {port}: {error.strerror}") from None
    return listener


class _Server(uvicorn.Server):
    """Uvicorn with our signals: it ends by returning, so that the shops are closed."""

    def __init__(self, app: FastAPI, listener: socket.socket, on_ready: Callable[[str], None] | None) -> None:
        config = uvicorn.Config(
            app,
            loop="uvloop",
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=75,
        )
        super().__init__(config)
        host, port = listener.getsockname()[:2]
        self._url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._on_ready = on_ready
        self._watch = app.state.watch

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        log.info("serving", extra={"url": self._url})
        if self._on_ready:
            self._on_ready(self._url)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for ending in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(ending, self.handle_exit, ending, None)
        loop.add_signal_handler(signal.SIGHUP, self._watch.act_now)
        yield
        log.info("stopped", extra={"url": self._url})
