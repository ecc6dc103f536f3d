"""What was learnt, as an immutable version."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import orjson

from shopkeeper.flow.build import Stages
from shopkeeper.flow.search_order import SearchOrder
from shopkeeper.flow.standings import RATINGS_FILE
from shopkeeper.flow.state import MINED_FILE, POPULARITY_FILE, QUERIES_FILE, STATE_FILE, TEXTS_FILE, VECTORS_FILE, State
from shopkeeper.flow.trial import Contest
from shopkeeper.ports import Encoder
from shopkeeper.rank.train import Trained
from shopkeeper.settings import FUSED
from shopkeeper.store.disk import full_disk_as_error
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.listed import Checksums
from shopkeeper.store.versions import Draft, VersionInfo
from shopkeeper.types import DayArray, Snapshot
from shopkeeper.understood import Mined

TRIAL_FILE = "trial.npz"
"""Every contest's values of ours, one array each, so that a later version can be compared shopper by shopper."""


@dataclass(frozen=True)
class Learning:
    """What learning ended with: stages that know the whole log, what rankers were taught, scores on days unseen."""

    snapshot: Snapshot
    data_hash: str
    last_seq: int
    stages: Stages
    encoder: Encoder | None
    lessons: Mapping[str, Trained]
    contests: Sequence[Contest]
    queries: Mapping[str, int]
    texts: Checksums
    order: SearchOrder | None = None
    mined: Sequence[Mined] = ()
    ratings: tuple[DayArray, DayArray] | None = None


def sealed(folder: ShopFolder, draft: Draft, learning: Learning) -> VersionInfo:
    """The version: every stage's state, the product vectors, the moment it was learnt at, and its scores.

    Raises StorageFull.
    """
    with full_disk_as_error(draft.path):
        _write(draft, learning)
    return folder.versions.seal(
        draft,
        settings=folder.settings.tables,
        data_hash=learning.data_hash,
        scores={contest.key(): contest.summary() for contest in learning.contests},
    )


def _write(draft: Draft, learning: Learning) -> None:
    from shopkeeper.store import offline  # with it comes Ibis, half a second that only learning needs

    snapshot, contests = learning.snapshot, learning.contests
    learning.stages.save(draft.path, learning.lessons)
    if learning.order is not None:
        learning.order.save(draft.path)
    if snapshot.vectors is not None:
        np.save(draft.path / VECTORS_FILE, snapshot.vectors.astype(np.float16), allow_pickle=False)
    np.save(draft.path / TEXTS_FILE, learning.texts, allow_pickle=False)
    bought = offline.by_row(offline.counts(snapshot.interactions), "n", len(snapshot.catalog))
    np.save(draft.path / POPULARITY_FILE, bought.astype(np.float32), allow_pickle=False)
    state = State(
        day=snapshot.day,
        last_seq=learning.last_seq,
        n_products=len(snapshot.catalog),
        encoder=learning.encoder.fingerprint if learning.encoder else "",
        rankers=[FUSED, *learning.lessons],
        lessons={name: asdict(lesson) for name, lesson in learning.lessons.items()},
    )
    (draft.path / STATE_FILE).write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2))
    (draft.path / QUERIES_FILE).write_bytes(orjson.dumps(learning.queries, option=orjson.OPT_INDENT_2))
    if learning.ratings is not None:
        stars, n = learning.ratings
        np.savez(draft.path / RATINGS_FILE, stars=stars, n=n)
    synonyms = [own._asdict() for own in learning.mined]
    (draft.path / MINED_FILE).write_bytes(orjson.dumps(synonyms, option=orjson.OPT_INDENT_2))
    np.savez(draft.path / TRIAL_FILE, allow_pickle=False, **{contest.key(): contest.ours for contest in contests})
