"""The merchant's rules on the command line: their state, what is wrong with them, and a page with and without them."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from shopkeeper.cli.show import console
from shopkeeper.errors import RequestError, RuleError

if TYPE_CHECKING:
    from shopkeeper.flow.preview import Preview, Told
    from shopkeeper.flow.shop import Shop

GUEST = "guest"


def example(shop: Path) -> None:
    """Writes the commented example into the shop's folder."""
    from shopkeeper.merchandise.example import write_example
    from shopkeeper.settings import read
    from shopkeeper.store.folder import open_folder
    from shopkeeper.text import language_of

    language = read(shop).shop.language
    if language == "auto":
        with open_folder(shop, writable=False) as folder:
            language = language_of(" ".join(folder.products.catalog().titles[:100]))
    path = write_example(shop, language)
    console.print(f"{path} is written, all of it switched off. Next: shopkeeper rules {shop} --check", highlight=False)


def rules(shop: Path) -> bool:
    """Shows every rule of the shop with its state; returns whether the file can be served."""
    from shopkeeper.flow.hand import serving, text_of
    from shopkeeper.flow.preview import told
    from shopkeeper.flow.shop import today
    from shopkeeper.merchandise.said import RULES_FILE
    from shopkeeper.store.folder import open_folder

    with open_folder(shop, writable=False) as folder:
        try:
            found = told(serving(text_of(shop / RULES_FILE)), folder.products.catalog(), today())
        except RuleError as error:
            console.print(f"[red]refused:[/] {escape(str(error))}", highlight=False)
            return False
    if not (shop / RULES_FILE).exists():
        console.print(f"No rules yet. For a commented example: shopkeeper rules {shop} --example", highlight=False)
    elif not found:
        console.print(f"{shop / RULES_FILE} holds no rules.", highlight=False)
    else:
        _listed(found)
    return True


def synonyms(shop: Path, as_json: bool) -> None:
    """Shows what was mined; raises NoVersion before the first version."""
    from shopkeeper.cli.show import as_object
    from shopkeeper.errors import not_learnt
    from shopkeeper.flow.state import mined_of
    from shopkeeper.store.folder import open_folder
    from shopkeeper.understand.synonyms import in_use

    with open_folder(shop, writable=False) as folder:
        if (version := folder.versions.current()) is None:
            raise not_learnt(shop)
        found, said = mined_of(version), folder.settings.understand.synonyms
    if as_json:
        as_object({"synonyms": [{**own._asdict(), "used": in_use(own, said)} for own in found]})
        return
    table = Table()
    for column in ("words", "may mean", "found by", "support", "example", "used"):
        table.add_column(column)
    for own in found:
        ways = "<->" if own.both else "->"
        used = "yes" if in_use(own, said) else "no"
        cells = (f"{own.said} {ways}", own.meant, own.by, str(own.support), own.example, used)
        table.add_row(*map(escape, cells))
    console.print(table if found else "Nothing was mined. See understand.synonyms.mined in docs/settings.md.")


def _listed(found: "list[Told]") -> None:
    table = Table()
    for column in ("rule", "state", "does", "to know"):
        table.add_column(column)
    for rule in found:
        table.add_row(*map(escape, (rule.name, rule.state, ", ".join(rule.does), "\n".join(rule.remarks))))
    console.print(table)


def shown(shop: Path, query: str, at: str, asker: str) -> None:
    """The page of these words with the rules beside the page without. Raises RuleError where the file is wrong."""
    from shopkeeper.flow.ask import ask
    from shopkeeper.flow.build import open_shop
    from shopkeeper.flow.hand import serving, text_of
    from shopkeeper.flow.preview import moment, preview
    from shopkeeper.merchandise.said import RULES_FILE
    from shopkeeper.text import language_of

    serving(text_of(shop / RULES_FILE))  # what is wrong is said before a shop is opened
    with open_shop(shop, writable=False, patient=True) as opened:
        now = opened.hand.now()
        user_id = "" if asker == GUEST else asker
        if user_id and opened.folder.users.row(user_id) < 0:
            raise RequestError(f"--as: no shopper {user_id!r}. Name one of the shop's, or {GUEST} for a stranger.")
        language = language_of(" ".join(opened.catalog.titles[:100]))
        request = ask(opened, scene="search", query=query, user_id=user_id, language=language, k=10)
        day = moment(at, now.book.said.timezone) if at else None
        found = preview(opened, request, now, day)
        _beside(found, opened)


def _beside(found: "Preview", shop: "Shop") -> None:
    titles = shop.catalog.titles
    leads = found.ruled.redirect
    if leads is not None:
        where = leads.to or f"the search {leads.search!r}"
        console.print(f"leads to {where}, by rule {leads.rule!r}", highlight=False, markup=False)
    table = Table()
    for column in ("", "with the rules", "before", "by", "without"):
        table.add_column(column)
    plain = [titles[item.row] for item in found.plain.items]
    for at in range(max(len(found.moved), len(plain))):
        own = found.moved[at] if at < len(found.moved) else None
        before = "" if own is None else "new" if own.before is None else str(own.before + 1)
        name, by = ("", "") if own is None else (titles[own.row], ", ".join(own.rules))
        table.add_row(str(at + 1), *map(escape, (name, before, by, plain[at] if at < len(plain) else "")))
    console.print(table)
    for line in found.ruled.rules:
        console.print(f"  {line}", highlight=False, markup=False)
