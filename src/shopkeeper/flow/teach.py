"""The ranker is taught on windows before the moment of the snapshot, with the candidates serving would have had."""

from collections.abc import Callable

from shopkeeper.flow.build import Stages
from shopkeeper.flow.windows import training_windows
from shopkeeper.ports import Fits, Source
from shopkeeper.rank.assemble import teachable
from shopkeeper.rank.train import Trained, train
from shopkeeper.recall.gather import Plan, gather
from shopkeeper.settings import FUSED, Settings
from shopkeeper.types import Batch, Candidates, Scene, Snapshot

SCENE: Scene = "home"
"""The scene whose candidates the windows are taught on: a shopper, no query and no product."""


def taught(
    stages: Stages, snapshot: Snapshot, settings: Settings, plan: Plan, tell: Callable[[str, int, int], None]
) -> dict[str, Trained]:
    """What each ranker that any scene asks for learnt from; one with nothing to learn from is left out."""
    sources = {name: source for name, source in stages.sources.items() if SCENE in source.scenes}
    lessons = {}
    for name in sorted({ranker for scene, ranker in settings.rank.rankers.items() if scene != "search"} - {FUSED}):
        candidates_of = _candidates(sources, plan, tell, settings.rank.windows)
        learnt = train(
            stages.rankers[name], teachable(stages.features), training_windows(snapshot, settings), candidates_of, SCENE
        )
        if learnt.n_requests:
            lessons[name] = learnt
    return lessons


def ranker_of(settings: Settings, lessons: dict[str, Trained]) -> str:
    """The ranker that answers the taught scene: the one the settings name where it learnt, else the fused score."""
    name = settings.rank.rankers.get(SCENE, FUSED)
    return name if name in lessons else FUSED


def _candidates(
    sources: dict[str, Source], plan: Plan, tell: Callable[[str, int, int], None], n_windows: int
) -> Callable[[Snapshot, Batch], Candidates]:
    """Candidates at a snapshot; the sources are fitted anew when the snapshot changes."""
    fitted: list[float] = []

    def candidates_of(snapshot: Snapshot, batch: Batch) -> Candidates:
        if not fitted or fitted[-1] != snapshot.day:
            tell("teaching the ranker", len(fitted), n_windows)
            fitted.append(snapshot.day)
            for source in sources.values():
                if isinstance(source, Fits):
                    source.fit(snapshot)
        return gather(sources, batch, plan).candidates

    return candidates_of
