"""What the server counts, for Prometheus. One registry an app: two apps in one process do not mix."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

if TYPE_CHECKING:
    from shopkeeper.flow.shop import Shop
    from shopkeeper.types import Page

SECONDS = (0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.02, 0.03, 0.04, 0.06, 0.1, 0.2, 0.5, 1.0, 2.5)


class Meters:
    """Counters and histograms by shop and route; ids, words and paths are never labels."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self, shops: Mapping[str, "Shop"]) -> None:
        self._shops = shops
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # process_resident_memory_bytes and its like
        kept = self.registry
        at = ["shop", "route"]
        self._requests = Counter("shopkeeper_requests", "Requests answered.", [*at, "status"], registry=kept)
        self._seconds = Histogram("shopkeeper_request_seconds", "Time to answer.", at, registry=kept, buckets=SECONDS)
        self._stages = Histogram(
            "shopkeeper_stage_seconds", "Time by stage.", ["shop", "stage"], registry=kept, buckets=SECONDS
        )
        # a page has a dozen stages, and finding a labelled histogram costs more than counting in it
        self._request_meters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._stage_meters: dict[tuple[str, str], Histogram] = {}
        self._events = Counter("shopkeeper_events", "Event rows by outcome.", ["shop", "status"], registry=kept)
        self._late = Counter("shopkeeper_late_sources", "Sources not waited for.", ["shop", "source"], registry=kept)
        self._products = Gauge("shopkeeper_products", "Products on the shelf.", ["shop"], registry=kept)
        self._lost = Gauge("shopkeeper_exposures_lost", "Exposures that were not kept.", ["shop"], registry=kept)
        self._version = Gauge("shopkeeper_version", "The version that serves; 0 before one.", ["shop"], registry=kept)

    def answered(self, shop: str, route: str, status: int, seconds: float) -> None:
        """Counts one request with its duration."""
        meters = self._request_meters.get((shop, route, status))
        if meters is None:
            meters = self._requests.labels(shop, route, str(status)), self._seconds.labels(shop, route)
            self._request_meters[shop, route, status] = meters
        meters[0].inc()
        meters[1].observe(seconds)

    def showed(self, shop: str, page: "Page") -> None:
        """Counts what a page tells: its stages' durations and the sources it did not wait for."""
        for stage, span_ms in page.spans_ms.items():
            meter = self._stage_meters.get((shop, stage))
            if meter is None:
                meter = self._stage_meters[shop, stage] = self._stages.labels(shop, stage)
            meter.observe(span_ms / 1e3)
        for source in page.late:
            self._late.labels(shop, source).inc()

    def took(self, shop: str, status: str, count: int) -> None:
        """Counts event rows by outcome: accepted, duplicate or refused."""
        self._events.labels(shop, status).inc(count)

    def text(self) -> bytes:
        """Everything counted so far, in Prometheus' text format."""
        for name, shop in self._shops.items():
            self._products.labels(name).set(len(shop.catalog) - int(shop.catalog.deleted.sum()))
            self._lost.labels(name).set(shop.folder.exposures.lost)
            self._version.labels(name).set(shop.version.number if shop.version else 0)
        return generate_latest(self.registry)
