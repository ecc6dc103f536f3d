"""The small shop in which every plug-in is put to its contract: twenty-four products, eight shoppers, two languages."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from shopkeeper.portrait import Portrait
from shopkeeper.ports import Past
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.testing import worlds
from shopkeeper.types import (
    ACTION_CODES,
    NEW_USER,
    SCENES,
    Batch,
    BoolArray,
    Candidates,
    Catalog,
    FloatArray,
    Intent,
    Interactions,
    Request,
    RowArray,
    Scene,
    Snapshot,
)

TODAY = 60.0
N_USERS = 8
DIMENSIONS = 32
DELETED, SOLD_OUT = 22, 23
_KINDS = (
    "Green tea",
    "Oat cookies",
    "Whole milk",
    "Rye bread",
    "苹果手机壳",
    "绿茶",
    "Dish soap 2 l",
    "AA-200 battery",
)


@dataclass(frozen=True)
class World:
    """One shop at one moment. Titles repeat, so that some products share a text and a vector."""

    snapshot: Snapshot

    @property
    def catalog(self) -> Catalog:
        return self.snapshot.catalog

    def allowed(self) -> BoolArray:
        """What may be offered: neither deleted, nor sold out, nor in the last department."""
        open_rows: BoolArray = self.catalog.available & ~self.catalog.deleted & (self.catalog.departments != 2)
        return open_rows

    def requests(self, scene: Scene) -> Batch:
        """Three requests: a shopper with a history, the same in a session, and a stranger."""
        log, mask = self.snapshot.log, self.allowed()
        seeds = np.array([2, 1] if scene == "cart" else [2], np.int32)
        named = scene in ("similar", "together", "cart")
        query = "green tea" if scene == "search" else ""
        asked = Request(
            request_id="one",
            scene=scene,
            day=TODAY,
            user=0,
            seeds=seeds if named else worlds.portrait(log, -1).rows,
            query=query,
            allowed=mask,
        )
        session = [(0, "view", TODAY - 0.02), (2, "click", TODAY - 0.01)]
        vector = self.snapshot.vectors[0] if query and self.snapshot.vectors is not None else None
        intent = Intent(query=query, tokens=tuple(query.split()), vector=vector)
        return Batch(
            (asked, replace(asked, user=3, session="s"), replace(asked, user=NEW_USER, allowed=None)),
            (intent, intent, intent),
            (worlds.portrait(log, 0), worlds.portrait(log, 3, session), worlds.portrait(log, -1)),
        )

    def stranger(self, scene: Scene) -> Batch:
        """A request about rows and shoppers that nobody has learnt: beyond the catalogue and the user table."""
        far = np.array([len(self.catalog) + 5], np.int32)
        beyond = worlds.interactions([(0, int(far[0]), TODAY - 1.0, "purchase")])
        portrait = worlds.portrait(beyond, 0, [(int(far[0]), "click", TODAY - 0.1)])
        request = Request(request_id="far", scene=scene, day=TODAY, user=10_000, seeds=far, query="qwxyz")
        return Batch((request,), (Intent(query="qwxyz", tokens=("qwxyz",)),), (portrait,))

    def grown(self) -> tuple[Catalog, RowArray, FloatArray]:
        """The catalogue with one product more, another retitled, a third deleted; those rows, and their vectors."""
        old, n = self.catalog, len(self.catalog)
        rows = np.array([n, 1, 0], np.int32)
        titles = [*old.titles, "Blue umbrella"]
        titles[1] = "Red umbrella"
        deleted, available = np.append(old.deleted, False), np.append(old.available, True)
        deleted[0], available[0] = True, False
        grown = replace(
            old,
            product_ids=[*old.product_ids, f"p{n}"],
            titles=titles,
            brands=[*old.brands, "Acme"],
            categories=np.append(old.categories, old.categories[:1]),
            departments=np.append(old.departments, old.departments[:1]),
            groups=np.append(old.groups, np.int32(n)),
            prices=np.append(old.prices, np.float64(3.0)),
            available=available,
            created=np.append(old.created, TODAY),
            deleted=deleted,
        )
        return grown, rows, unit_vectors(3, seed=9)


def unit_vectors(n: int, seed: int = 0) -> FloatArray:
    """float32 (n, DIMENSIONS), random unit vectors."""
    vectors = np.random.default_rng(seed).standard_normal((n, DIMENSIONS)).astype(np.float32)
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def world() -> World:
    """The shop with its log and vectors."""
    n = 3 * len(_KINDS)
    kind = np.arange(n) % len(_KINDS)
    available, deleted = np.ones(n, bool), np.zeros(n, bool)
    available[[DELETED, SOLD_OUT]], deleted[DELETED] = False, True
    shelf = worlds.catalog(
        [_KINDS[at] for at in kind],
        brands=["Acme" if at % 2 else "Best" for at in range(n)],
        categories=(kind % 3).astype(np.int32),
        category_paths=[("Food", "Drinks"), ("Food", "Bakery"), ("Home", "Things")],
        departments=(kind % 3).astype(np.int32),
        department_names=["Food", "Bakery", "Home"],
        prices=(1.0 + np.arange(n) % 7).astype(np.float64),
        available=available,
        deleted=deleted,
    )
    known = worlds.snapshot(shelf, _visits(n), TODAY, unit_vectors(len(_KINDS))[kind])
    return World(replace(known, expansions=worlds.expansions([_KINDS[at] for at in kind])))


def empty_world() -> World:
    """A shop without products, shoppers or vectors."""
    nothing = worlds.catalog([], category_paths=[], department_names=[])
    return World(Snapshot(TODAY, nothing, worlds.interactions([], 0), interactions_table(worlds.interactions([]))))


def candidates(batch: Batch, rows: Sequence[int]) -> Candidates:
    """The same rows offered to every request by two sources, the second of which leaves every other row out."""
    b, m = len(batch), len(rows)
    one = np.stack([np.linspace(2, 1, m), np.linspace(1, 2, m)], axis=1).astype(np.float32)
    one[1::2, 1] = np.nan
    scores = np.tile(one, (b, 1))
    shares = np.nan_to_num(scores / 100.0).astype(np.float32)
    return Candidates(
        offsets=np.arange(b + 1, dtype=np.int64) * m,
        rows=np.tile(np.array(rows, np.int32), b),
        sources=("popular", "repeat"),
        scores=scores,
        shares=shares,
        fused=shares.sum(axis=1),
        ranks=np.tile(_ranks(one), (b, 1)),
    )


def _ranks(scores: FloatArray) -> RowArray:
    """Each column's places from 1, best score first; 0 for NaN."""
    places = np.argsort(np.argsort(-np.nan_to_num(scores, nan=-np.inf), axis=0, kind="stable"), axis=0) + 1
    return np.where(np.isnan(scores), 0, places).astype(np.int32)


def one_of(batch: Batch, at: int) -> Batch:
    """One request of the batch as a batch of its own."""
    return Batch(batch.requests[at : at + 1], batch.intents[at : at + 1], batch.portraits[at : at + 1])


def _visits(n: int) -> list[worlds.Visit]:
    """Every shopper comes weekly for the same few products, and looks at one before buying."""
    visits: list[worlds.Visit] = []
    for user in range(N_USERS):
        for week in range(8):
            day = 2.0 + 7.0 * week + user / 10.0
            visits += [((user), (user * 2 + step * 3) % (n - 4), day + step / 100.0, "purchase") for step in range(4)]
            visits.append((user, (user + week) % (n - 4), day + 0.05, "view"))
    return visits


def known_portrait(log: Interactions, user: int = 0) -> Portrait:
    """What is known of a shopper of the world."""
    return worlds.portrait(log, user)


ALL_SCENES = SCENES


def some_past() -> Past:
    """Events of two days: known shoppers and a new one, products of the catalogue, one beyond it and none."""
    rows = np.array([0, 2, -1, 2, 10, 40, 16, 0], np.int32)
    steps = ("view", "purchase", "search", "add_to_cart", "purchase", "click", "purchase", "view")
    return Past(
        rows=rows,
        users=np.array([0, 0, 1, 1, 5, NEW_USER, 0, 2], np.int32),
        actions=np.array([ACTION_CODES[step] for step in steps], np.int8),
        days=TODAY + np.array([-1.0, -0.9, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0]),
        quantities=np.ones(len(rows), np.float32),
        sessions=["a", "a", "b", "b", "", "c", "a", ""],
    )
