"""What was learnt, as an immutable version."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
import orjson

from shopkeeper.flow.build import STATE_FILE, VECTORS_FILE, Stages
from shopkeeper.flow.shop import FUSED
from shopkeeper.flow.trial import Contest
from shopkeeper.rank.train import Trained
from shopkeeper.store.folder import ShopFolder
from shopkeeper.store.versions import Draft, VersionInfo
from shopkeeper.types import Snapshot

TRIAL_FILE = "trial.npz"
"""Every contest's values of ours, one array each, so that a later version can be compared shopper by shopper."""


def sealed(
    folder: ShopFolder,
    draft: Draft,
    stages: Stages,
    snapshot: Snapshot,
    lessons: Mapping[str, Trained],
    contests: Sequence[Contest],
) -> VersionInfo:
    """The version: every stage's state, the product vectors, the moment it was learnt at, and its scores."""
    stages.save(draft.path)
    if snapshot.vectors is not None:
        np.save(draft.path / VECTORS_FILE, snapshot.vectors, allow_pickle=False)
    state = {
        "day": snapshot.day,
        "rankers": [FUSED, *lessons],
        "lessons": {name: asdict(lesson) for name, lesson in lessons.items()},
    }
    (draft.path / STATE_FILE).write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2))
    np.savez(draft.path / TRIAL_FILE, **{contest.key(): contest.ours for contest in contests})  # type: ignore[arg-type]
    return folder.versions.seal(
        draft,
        settings=folder.settings.tables,
        data_hash=folder.events.data_hash(),
        scores={contest.key(): contest.summary() for contest in contests},
    )
