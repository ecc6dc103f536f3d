"""What pages showed. Written behind the answer by one thread, in batches; an exposure is not an acknowledged event."""

import io
import logging
import threading
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np
import orjson
import sqlalchemy as sa
from numpy.lib.format import dtype_to_descr, write_array_header_1_0

from shopkeeper.errors import StoreError
from shopkeeper.exposure import Exposure
from shopkeeper.store.database import Database
from shopkeeper.store.records import MICROSECONDS, Record, as_json
from shopkeeper.store.tables import EXPOSURES
from shopkeeper.types import FloatArray

_LOG = logging.getLogger(__name__)
_CAPACITY = 4_096
_BATCH = 256
_PAUSE_S = 0.25


class Exposures:
    """A bounded buffer in front of a table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._changed = threading.Condition()
        self._waiting: dict[str, Exposure] = {}
        self._writing: dict[str, Exposure] = {}
        self._closing = False
        self._writer: threading.Thread | None = None
        self._one_at_a_time = threading.Lock()
        self.lost = 0
        """How many exposures could not be kept: the buffer was full, or the disk was."""

    def append(self, exposure: Exposure) -> None:
        """Takes the page in; it is written soon. A full buffer counts it as lost, the shopper never waits."""
        with self._changed:
            if self._closing:
                raise StoreError("the shop is closed; this exposure was not kept. Open the shop again.")
            if len(self._waiting) >= _CAPACITY:
                self.lost += 1
                return
            self._waiting[exposure.request_id] = exposure
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_behind, name="exposures", daemon=True)
                self._writer.start()
            if len(self._waiting) in (1, _BATCH):  # the writer sleeps till then: a page does not wake it
                self._changed.notify()

    def flush(self) -> None:
        """Returns when everything appended so far is durable. Raises StorageFull."""
        with self._one_at_a_time:
            while self._take():
                self._keep()

    def get(self, request_id: str) -> Exposure | None:
        """The exposure of a request, also one that is not written yet."""
        with self._changed:
            found = self._waiting.get(request_id) or self._writing.get(request_id)
        if found is not None:
            return found
        with self._database.reading() as connection:
            statement = sa.select(EXPOSURES).where(EXPOSURES.c.request_id == request_id)
            record = connection.execute(statement).mappings().one_or_none()
        return None if record is None else _exposure(dict(record))

    def query_of(self, request_id: str) -> str | None:
        """What a page was asked for, also one that is not written yet: empty without a query, None for no such page."""
        with self._changed:
            found = self._waiting.get(request_id) or self._writing.get(request_id)
        if found is not None:
            return found.query
        with self._database.reading() as connection:
            statement = sa.select(EXPOSURES.c["query"]).where(EXPOSURES.c.request_id == request_id)
            return connection.execute(statement).scalar_one_or_none()

    def queries(self) -> dict[str, str]:
        """What every written page was asked for, by its request_id."""
        with self._database.reading() as connection:
            lines = connection.execute(sa.select(EXPOSURES.c.request_id, EXPOSURES.c["query"])).all()
        return {line[0]: line[1] for line in lines}

    def times_shown(self) -> Counter[str]:
        """How often pages have shown each product, by its id: those in memory, too."""
        with self._changed:
            pages = {**self._writing, **self._waiting}
        found = Counter(chain.from_iterable(page.product_ids for page in pages.values()))
        with self._database.reading() as connection:
            written = sa.select(EXPOSURES.c.request_id, EXPOSURES.c.product_ids)
            for request_id, ids in connection.execution_options(yield_per=_BATCH).execute(written):
                if request_id not in pages:  # written meanwhile
                    found.update(orjson.loads(ids))
        return found

    def between(self, start: float, end: float, *, searches: bool = False) -> Iterator[Exposure]:
        """The written exposures of [start, end), UTC seconds, oldest first; those of `searches` alone if asked."""
        stamp = EXPOSURES.c.timestamp_us
        moments = (stamp >= round(start * MICROSECONDS)) & (stamp < round(end * MICROSECONDS))
        with self._database.reading() as connection:
            wanted = moments & (EXPOSURES.c["query"] != "") if searches else moments
            statement = sa.select(EXPOSURES).where(wanted).order_by(stamp, EXPOSURES.c.request_id)
            for record in connection.execution_options(yield_per=_BATCH).execute(statement).mappings():
                yield _exposure(dict(record))

    def moment_of_latest(self, n: int) -> float:
        """UTC seconds of the first of the latest `n` written exposures; 0 where there are not so many."""
        stamp = EXPOSURES.c.timestamp_us
        with self._database.reading() as connection:
            found = connection.execute(sa.select(stamp).order_by(stamp.desc()).offset(n - 1).limit(1)).scalar()
        return 0.0 if found is None else float(found) / MICROSECONDS

    def visits(self, user_id: str) -> set[str]:
        """The sessions in which a page was shown to the shopper."""
        self.flush()
        own = sa.select(EXPOSURES.c.session_id).where(EXPOSURES.c.user_id == user_id)
        with self._database.reading() as connection:
            return set(connection.execute(own.distinct()).scalars()) - {""}

    def erase(self, user_id: str, others: Collection[str] = ()) -> int:
        """How many exposures of the shopper were removed, with a guest's in the shopper's visits and these `others`."""
        visits = self.visits(user_id).union(others)
        guests = sa.select(EXPOSURES.c.request_id, EXPOSURES.c.session_id).where(EXPOSURES.c.user_id == "")
        with self._database.writing() as connection:
            pages = connection.execute(guests).all() if visits else []
            theirs = [{"page": page} for page, visit in pages if visit in visits]
            gone = connection.execute(sa.delete(EXPOSURES).where(EXPOSURES.c.user_id == user_id)).rowcount
            if theirs:
                connection.execute(sa.delete(EXPOSURES).where(EXPOSURES.c.request_id == sa.bindparam("page")), theirs)
        self._database.truncate_log()
        return int(gone) + len(theirs)

    def expire(self, before: float) -> int:
        """How many exposures older than `before` (UTC seconds) were removed."""
        with self._database.writing() as connection:
            old = EXPOSURES.c.timestamp_us < round(before * MICROSECONDS)
            return int(connection.execute(sa.delete(EXPOSURES).where(old)).rowcount)

    def close(self) -> None:
        """Writes what is waiting and ends the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._writer is not None:
            self._writer.join()
        self.flush()

    def _write_behind(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if self._closing:
                    return
                self._changed.wait_for(lambda: self._closing or len(self._waiting) >= _BATCH, _PAUSE_S)
            try:
                self._write_once()
            except Exception as error:  # the thread has nobody to raise to; the loss is counted and shown
                _LOG.error("exposures_lost total=%d error=%s", self.lost, type(error).__name__)

    def _write_once(self) -> None:
        """Writes one batch. What came meanwhile waits for its turn: one page costs as much as a hundred together."""
        with self._one_at_a_time:
            if self._take():
                self._keep()

    def _take(self) -> bool:
        with self._changed:
            names = list(self._waiting)[:_BATCH]
            self._writing = {name: self._waiting.pop(name) for name in names}
        return bool(self._writing)

    def _keep(self) -> None:
        records = [record for exposure in self._writing.values() if (record := self._made(exposure))]
        try:
            if records:
                with self._database.writing() as connection:
                    connection.execute(sa.insert(EXPOSURES).prefix_with("OR REPLACE"), records)
        except BaseException:
            self.lost += len(records)
            raise
        finally:
            with self._changed:
                self._writing = {}

    def _made(self, exposure: Exposure) -> Record | None:
        """The exposure as it is written; None where its feature values cannot be made: the others are kept."""
        try:
            return _record(exposure)
        except Exception as error:  # whatever a plug-in raises; its text may hold a shopper's words
            self.lost += 1
            _LOG.error("exposure_lost total=%d error=%s", self.lost, type(error).__name__)
            return None


def _record(exposure: Exposure) -> Record:
    items = np.array([exposure.positions, exposure.scores, exposure.propensities], np.float64)
    return {
        "request_id": exposure.request_id,
        "timestamp_us": round(exposure.timestamp * MICROSECONDS),
        "scene": exposure.scene,
        "user_id": exposure.user_id,
        "session_id": exposure.session_id,
        "query": exposure.query,
        "version": exposure.version,
        "variant": exposure.variant,
        "product_ids": as_json(list(exposure.product_ids)),
        "items": _npy(items),
        "feature_names": as_json(list(exposure.feature_names)),
        "features": _npy(exposure.features.astype(np.float32, copy=False)),
        "context": as_json(dict(exposure.context)),
    }


def _exposure(record: Mapping[str, Any]) -> Exposure:
    positions, scores, propensities = _array(record["items"])
    plain = {name: record[name] for name in ("request_id", "scene", "user_id", "session_id", "query")}
    features: FloatArray = _array(record["features"])
    return Exposure(
        timestamp=record["timestamp_us"] / MICROSECONDS,
        version=record["version"],
        variant=record["variant"],
        product_ids=tuple(orjson.loads(record["product_ids"])),
        positions=tuple(int(position) for position in positions),
        scores=tuple(scores.tolist()),
        propensities=tuple(propensities.tolist()),
        feature_names=tuple(orjson.loads(record["feature_names"])),
        rows=lambda: features,
        context=orjson.loads(record["context"]),
        **plain,
    )


def _npy(array: "np.ndarray[Any, Any]") -> bytes:
    """The array as numpy saves it, row by row; `np.save` writes its header anew for every array, in 40 microseconds."""
    return _header(array.dtype, array.shape) + array.tobytes()


@lru_cache(maxsize=1024)
def _header(dtype: "np.dtype[Any]", shape: tuple[int, ...]) -> bytes:
    content = io.BytesIO()
    described = {"descr": dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    write_array_header_1_0(content, described)
    return content.getvalue()


def _array(content: bytes) -> "np.ndarray[Any, Any]":
    found: np.ndarray[Any, Any] = np.load(io.BytesIO(content), allow_pickle=False)
    return found
