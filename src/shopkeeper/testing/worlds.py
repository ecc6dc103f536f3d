"""Small worlds with known answers, made by hand in a test.

A visit is (user row, product row, day, action); visits of one user on one whole day share a basket.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import WhitespaceSplit

from shopkeeper.expansions import Expansions
from shopkeeper.portrait import Portrait
from shopkeeper.store.snapshot import interactions_table
from shopkeeper.text import tokens
from shopkeeper.types import (
    ACTION_CODES,
    Batch,
    Catalog,
    FloatArray,
    Intent,
    Interactions,
    Request,
    Snapshot,
)

Visit = tuple[int, int, float, str]


def catalog(titles: Sequence[str], **columns: object) -> Catalog:
    """Products p0, p1, ... with these titles, each its own variant group, all in stock at 1.0, in one department.

    Any column of Catalog can be replaced by name.
    """
    n = len(titles)
    plain = Catalog(
        product_ids=[f"p{row}" for row in range(n)],
        titles=list(titles),
        brands=[""] * n,
        categories=np.zeros(n, np.int32),
        category_paths=[("All",)],
        departments=np.zeros(n, np.int32),
        department_names=["All"],
        groups=np.arange(n, dtype=np.int32),
        prices=np.ones(n, np.float64),
        available=np.ones(n, bool),
        created=np.full(n, np.nan),
        deleted=np.zeros(n, bool),
        currency="USD",
    )
    # the caller's columns are checked by what reads them
    return replace(plain, **columns)  # type: ignore[arg-type]


def interactions(visits: Sequence[Visit], n_users: int | None = None) -> Interactions:
    """The visits as a log, ordered by user and day."""
    ordered = sorted(visits, key=lambda visit: (visit[0], visit[2]))
    users = np.array([visit[0] for visit in ordered], np.int32)
    days = np.array([visit[2] for visit in ordered], np.float64)
    count = n_users if n_users is not None else int(users.max(initial=-1)) + 1
    _, baskets = np.unique(np.stack([users, np.floor(days)]), axis=1, return_inverse=True)
    return Interactions(
        users=users,
        rows=np.array([visit[1] for visit in ordered], np.int32),
        days=days,
        actions=np.array([ACTION_CODES[visit[3]] for visit in ordered], np.int8),
        quantities=np.ones(len(ordered), np.float32),
        baskets=baskets.reshape(-1).astype(np.int32),
        offsets=np.searchsorted(users, np.arange(count + 1)).astype(np.int64),
    )


def snapshot(shelf: Catalog, visits: Sequence[Visit], day: float, vectors: FloatArray | None = None) -> Snapshot:
    """What was known at `day`."""
    log = interactions(visits).before(day)
    return Snapshot(day=day, catalog=shelf, log=log, interactions=interactions_table(log), vectors=vectors)


def expansions(texts: Sequence[str], more: Mapping[int, Mapping[str, int]] | None = None) -> Expansions:
    """Texts as their own words, in steps of .1, each with a weight of ten steps; `more` has others, by row.

    A word counts 1 in a query, whatever others say it; what is no word of these texts is a piece that counts 2.
    """
    given = [dict.fromkeys(tokens(text), 10) | dict((more or {}).get(row, {})) for row, text in enumerate(texts)]
    numbers = {"?": 0, **{word: at for at, word in enumerate(sorted({word for own in given for word in own}), start=1)}}
    held = [sorted((numbers[word], weight) for word, weight in own.items()) for own in given]
    tokenizer = Tokenizer(WordLevel(numbers, unk_token="?"))  # noqa: S106 a word, no secret
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), WhitespaceSplit()
    return Expansions(
        offsets=np.cumsum([0, *map(len, held)]).astype(np.int64),
        pieces=np.array([piece for own in held for piece, _ in own], np.int32),
        weights=np.array([weight for own in held for _, weight in own], np.uint8),
        step=0.1,
        rarity=np.array([2.0] + [1.0] * (len(numbers) - 1), np.float32),
        usual=np.full(len(numbers), 10, np.uint8),
        tokenizer=tokenizer.to_str(),
    )


def portrait(log: Interactions, user: int, session: Sequence[tuple[int, str, float]] = ()) -> Portrait:
    """The portrait of one user of the log; `session` holds (product row, action, day). user -1 is new."""
    own = slice(int(log.offsets[user]), int(log.offsets[user + 1])) if user >= 0 else slice(0, 0)
    return Portrait(
        rows=log.rows[own],
        days=log.days[own],
        actions=log.actions[own],
        quantities=log.quantities[own],
        baskets=log.baskets[own],
        session_rows=np.array([row for row, _, _ in session], np.int32),
        session_actions=np.array([ACTION_CODES[action] for _, action, _ in session], np.int8),
        session_days=np.array([day for _, _, day in session], np.float64),
    )


def ask(request: Request, asker: Portrait | None = None, intent: Intent | None = None) -> Batch:
    """A batch of one. Without a portrait the asker is unknown."""
    nobody = portrait(interactions([]), -1)
    return Batch((request,), (intent or Intent(query=request.query),), (asker or nobody,))
