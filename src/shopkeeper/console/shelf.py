"""What is read off the whole catalogue: once, and again when the catalogue changes."""

from functools import cached_property

from shopkeeper.flow.shop import Shop
from shopkeeper.recall.facets import FacetTable
from shopkeeper.types import Catalog


class Shelf:
    """One catalogue: photographs as they are asked for, and the counts by facet."""

    def __init__(self, shop: Shop, catalog: Catalog) -> None:
        self.catalog = catalog
        self._products = shop.folder.products
        self._images: dict[int, str] = {}

    def image(self, row: int) -> str:
        """The first photograph of a product, empty where there is none that a page may show."""
        found = self._images.get(row)
        if found is None:
            images = self._products.get_row(row).images
            found = next((image for image in images if image.startswith(("https://", "/"))), "")
            self._images[row] = found
        return found

    @cached_property
    def facets(self) -> FacetTable:
        """Counts by department, category, brand and price over any rows."""
        return FacetTable(self.catalog)


class Shelves:
    """The shelf of each shop."""

    def __init__(self) -> None:
        self._held: dict[str, Shelf] = {}

    def of(self, shop: Shop) -> Shelf:
        """The shelf of the shop's catalogue as it is now."""
        catalog, held = shop.catalog, self._held.get(shop.name)
        if held is None or held.catalog is not catalog:
            held = Shelf(shop, catalog)
            self._held[shop.name] = held
        return held
