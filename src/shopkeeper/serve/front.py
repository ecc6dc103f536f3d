"""The front of the house: finds the shop a request means and decides whether the asker may come in."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from fastapi import Request

from shopkeeper.errors import SettingError, UnknownShop, did_you_mean
from shopkeeper.flow.shop import Shop
from shopkeeper.serve.body import header
from shopkeeper.serve.failures import Refused
from shopkeeper.serve.keys import VARIABLES, Keys, Scope
from shopkeeper.serve.limits import RateLimit
from shopkeeper.serve.metrics import Meters

PAGES_AT_ONCE = 40
"""So many requests are answered side by side, each in a thread of its own; what comes above waits its turn."""


class Front:
    """What all routes of one app share: the shops, the keys, the limits, the meters and the threads."""

    def __init__(self, shops: Mapping[str, Shop], keys: Keys) -> None:
        """Raises SettingError where a shop is closed and no key could open it."""
        self.shops, self.keys = shops, keys
        self.limit, self.meters, self.threads = RateLimit(), Meters(shops), ThreadPoolExecutor(PAGES_AT_ONCE, "page")
        for name, shop in shops.items():
            if not keys and not shop.settings.serve.open:
                raise SettingError(
                    f"serve.open is false for shop '{name}' and there are no keys. "
                    f"Set {' and '.join(VARIABLES.values())} in the environment, or serve.open = true."
                )
        self._body_limits = {name: shop.settings.serve.body_limit_kb * 1024 for name, shop in shops.items()}
        self._largest = max(self._body_limits.values(), default=1024 * 1024)

    def shop(self, name: str) -> Shop:
        """The shop of this name. Raises UnknownShop with those that are served."""
        shop = self.shops.get(name)
        if shop is None:
            hint = did_you_mean(name, self.shops)
            raise UnknownShop(f"no shop '{name[:64]}' is served here. Served: {', '.join(self.shops)}.{hint}")
        return shop

    def body_limit(self, path: str) -> int:
        """Bytes that a body for this path may have: its shop's limit, the largest of all where none is named."""
        parts = path.split("/", 3)
        return self._body_limits.get(parts[2] if len(parts) > 2 else "", self._largest)

    def admit(self, request: Request, scope: Scope, shop: str = "") -> None:
        """Lets the request through or raises Refused: 429 above the rate, 401 without a good key, 403 out of scope."""
        presented, granted = self.pace(request, shop)
        if not self.keys or scope in granted:
            return
        where = "header X-API-Key"
        if granted:
            raise Refused(403, "wrong_scope", f"this needs a {scope} key; a public one was given", where=where)
        message = "no server knows this key for this shop" if presented else f"this needs a {scope} key; none was given"
        raise Refused(401, "key_needed", message, where=where, www_authenticate="Bearer")

    def pace(self, request: Request, shop: str = "") -> tuple[str, frozenset[Scope]]:
        """The key that was sent and what it may do, where the asker is within the rate; raises Refused (429) above."""
        presented = _key(request)
        granted = self.keys.grants(presented, shop) if presented else frozenset()
        served = [self.shops[shop]] if shop else list(self.shops.values())
        asker = "key " + presented if granted else "address " + (request.client.host if request.client else "")
        rate = min((each.settings.serve.requests_per_minute for each in served), default=60)
        wait = self.limit.retry_after(shop, asker, rate)
        if wait:
            message = f"more than {rate} requests in a minute; try again in {wait} s"
            raise Refused(429, "too_many_requests", message, retry_after=str(wait))
        return presented, granted

    def trusts(self, presented: str, shop: str) -> bool:
        """Whether this key may do everything in the shop; without keys, everybody may."""
        return not self.keys or "secret" in self.keys.grants(presented, shop)


def _key(request: Request) -> str:
    bearer = header(request.scope, b"authorization")
    key = header(request.scope, b"x-api-key") or (bearer[7:].strip() if bearer[:7].lower() == b"bearer " else b"")
    return key.decode("latin-1")
