"""API keys: who may ask, and who may change the shop.

A public key goes into web pages (search, recommend, events, suggest). A secret key stays on servers and also opens
products, users and metrics. Keys come from the environment, separated by commas:

    SHOPKEEPER_PUBLIC_KEYS=key,grocer:key      a key behind a shop's name opens that shop alone
    SHOPKEEPER_SECRET_KEYS=key
    SHOPKEEPER_ORIGINS=https://shop.example    web pages of these origins may call from the browser
"""

import hashlib
import hmac
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shopkeeper.errors import SettingError

Scope = Literal["public", "secret"]
VARIABLES: Mapping[Scope, str] = {"public": "SHOPKEEPER_PUBLIC_KEYS", "secret": "SHOPKEEPER_SECRET_KEYS"}
ORIGINS = "SHOPKEEPER_ORIGINS"
ORIGIN = re.compile(r"https?://[^/\s*]+")
MIN_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: never the key itself. `shop` is empty where the key opens every shop."""

    digest: bytes
    scope: Scope
    shop: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this server. Without any, a shop must be open."""

    kept: tuple[Key, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Keys":
        """The keys in the environment. Raises SettingError for one that is too short to be a secret."""
        kept: list[Key] = []
        for scope, variable in VARIABLES.items():
            for entry in _listed(environment, variable):
                shop, _, key = entry.rpartition(":")
                if len(key) < MIN_LENGTH:
                    raise SettingError(
                        f"{variable}: a key must have at least {MIN_LENGTH} characters, got one of {len(key)}. "
                        "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
                    )
                kept.append(Key(_digest(key), scope, shop))
        return cls(tuple(kept))

    def __bool__(self) -> bool:
        return bool(self.kept)

    def grants(self, presented: str, shop: str) -> frozenset[Scope]:
        """What this key may do in the shop ("" means in every shop); nothing for an unknown key.

        A secret key may do what a public key may. Every kept key is compared, in constant time.
        """
        digest = _digest(presented)
        found: set[Scope] = set()
        for key in self.kept:
            if hmac.compare_digest(key.digest, digest) and key.shop in ("", shop):
                found |= {"public", key.scope}
        return frozenset(found)


def origins(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Origins whose pages may call from the browser. Raises SettingError for what is not an origin."""
    found = _listed(environment, ORIGINS)
    for origin in found:
        if not ORIGIN.fullmatch(origin):
            raise SettingError(f"{ORIGINS}: must be origins such as https://shop.example, got '{origin}'")
    return found


def _listed(environment: Mapping[str, str], variable: str) -> list[str]:
    return [part.strip() for part in environment.get(variable, "").split(",") if part.strip()]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
