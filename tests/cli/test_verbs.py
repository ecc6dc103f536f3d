"""Claims:

1. every verb does its flow on a real shop, for people and as JSON.
2. an error of ours is one line that says what to do, without a trace; --debug shows the trace.
3. help names every verb (that it is instant is held by tests/house/test_layers.py: nothing heavy is imported).
4. where there is no terminal each step says when it begins and when it ends.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shopkeeper import __version__
from shopkeeper.store.folder import open_folder
from shopkeeper.store.versions import MANIFEST_FILE
from shopkeeper.testing.shops import SETTINGS

PROGRAM = (sys.executable, "-c", "from shopkeeper.cli import main; main()")


def run(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_shop_is_made_filled_checked_and_searched(tmp_path: Path) -> None:
    products = [{"product_id": f"p{n}", "title": f"Blue cup number {n}", "price": 2 + n} for n in range(12)]
    events = [
        {
            "event_id": f"e{n}",
            "timestamp": f"2026-01-{1 + n % 28:02d}T10:00:00Z",
            "action": "purchase",
            "user_id": f"u{n % 5}",
            "product_id": f"p{n % 12}",
        }
        for n in range(120)
    ]
    events.append({**events[0], "event_id": "bad", "product_id": "nope"})
    for name, rows in (("products", products), ("events", events)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    products[0] = {**products[0], "shelf [a]": 7}
    again = [{**products[number], "title": "Blue cup as it was"} for number in range(7)]
    (tmp_path / "products.jsonl").write_text("\n".join(map(json.dumps, again + products)), encoding="utf-8")
    shop = tmp_path / "cups"
    (tmp_path / "settings.toml").write_text(SETTINGS.replace("small", "cups"), encoding="utf-8")

    run("new", shop, "--settings", tmp_path / "settings.toml")
    imported = run("import", shop, tmp_path / "products.jsonl", tmp_path / "events.jsonl")
    told = imported.stdout
    steps = [line.split(":")[0].removesuffix(" ...") for line in imported.stderr.splitlines()]
    assert steps[0::2] == steps[1::2] and {"products", "events"} <= set(steps)
    assert "events ..." in imported.stderr and re.search(r"events: done in \d+ s", imported.stderr)
    assert "120" in told and "unknown product" in told
    assert "duplicate product_id p1 in line 2 of products.jsonl: comes again in line 9, which counts" in told
    assert "no field takes, of products.jsonl: shelf [a]; a mapping can" in told
    assert "p5 in" not in told and "and 2 duplicates more" in told
    assert "The whole report" in run("check", shop).stdout
    learnt = json.loads(run("learn", shop, "--json").stdout)
    assert (learnt["version"], learnt["promoted"]) == ("0001", True)
    found = json.loads(run("search", shop, "blue", "cup", "--json", "--k", 3).stdout)
    assert len(found["items"]) == 3 and all("Blue cup" in item["title"] for item in found["items"])


def test_versions_compare_rollback_recommend_and_erase(shop_folder: Path) -> None:
    assert json.loads(run("versions", shop_folder, "--json").stdout)[0]["serves"] is True
    assert json.loads(run("compare", shop_folder, "--json").stdout)["current"] == "0001"
    page = json.loads(run("recommend", shop_folder, "--user", "u7", "--json", "--k", 4).stdout)
    assert len(page["items"]) == 4 and page["items"][0]["why"]
    assert "You have bought it" in run("recommend", shop_folder, "--user", "u7").stdout
    assert json.loads(run("erase", shop_folder, "u7", "--json").stdout)["events"] == 40
    assert "no such shopper: nothing is held of 'u7'" in run("erase", shop_folder, "u7").stdout
    told = run("rollback", shop_folder, code=1).stderr
    assert told.startswith("NoVersion: ") and "nothing was promoted before" in told


def test_erasing_says_that_the_report_went_and_where_a_served_shop_erases(shop_folder: Path) -> None:
    told = run("erase", shop_folder, "u7").stdout
    assert "1 users, 3 report files" in told and "make it anew: shopkeeper check" in told
    with open_folder(shop_folder, writable=True):
        told = run("erase", shop_folder, "mail/anna b", code=1).stderr
    assert told.startswith("ShopLocked: ") and told.count("\n") == 1
    assert told.endswith("If it serves the shop, it erases too: DELETE /v1/small/users/mail/anna%20b\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("learn", "nowhere"), "ShopNotFound: nowhere holds no shop: settings.toml is missing. Make one with:"),
        (("search", "nowhere", "tea"), "ShopNotFound: nowhere holds no shop"),
        (
            ("recommend", "nowhere", "--scene", "hme"),
            "RequestError: --scene: must be one of home, similar, together, cart, trending, got 'hme'.\n",
        ),
        (
            ("recommend", "nowhere", "--scene", "search"),
            "RequestError: --scene: must be one of home, similar, together, cart, trending, got 'search'. "
            "For words, use: shopkeeper search SHOP WORD...\n",
        ),
        (
            ("recommend", "nowhere", "--product", "p1"),
            "RequestError: --product: scene 'home' is not about a product; leave it out, or ask for similar, together, "
            "cart.\n",
        ),
    ],
)
def test_an_error_is_one_line(words: tuple[str, ...], told: str) -> None:
    found = run(*words, code=1).stderr
    assert found.startswith(told) and found.count("\n") == 1


def test_before_the_first_version_it_is_said_that_there_is_none(tmp_path: Path) -> None:
    shop = tmp_path / "new"
    run("new", shop)
    for words in (("compare",), ("compare", "--json"), ("card",)):
        verb, *more = words
        assert (
            run(verb, shop, *more, code=1).stderr
            == f"NoVersion: {shop} has not learnt yet. Run: shopkeeper learn {shop}\n"
        )
    assert run("versions", shop).stdout == "No version yet: the shop has not learnt.\n"
    assert run("versions", shop, "--json").stdout.strip() == "[]"


def test_debug_shows_the_trace() -> None:
    assert "Traceback" in run("--debug", "learn", "nowhere", code=1).stderr


def test_a_settings_typo_is_one_line(shop_folder: Path) -> None:
    settings = shop_folder / "settings.toml"
    settings.write_text(settings.read_text("utf-8").replace("[recall]", "[recall]\nlimt = 3"), encoding="utf-8")
    told = run("search", shop_folder, "tea", code=1).stderr
    assert told.startswith("SettingError: recall.limt: no such setting (settings.toml line") and "'limit'?" in told


def test_a_corrupt_version_is_named_and_not_served(shop_folder: Path) -> None:
    version = shop_folder / "versions" / "0001"
    path = next(path for path in sorted(version.rglob("*")) if path.is_file() and path.name != MANIFEST_FILE)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + b"x")
    told = run("search", shop_folder, "tea", code=1).stderr
    assert told.startswith(f"CorruptVersion: version 0001: {path.relative_to(version)} is not what its manifest says")
    assert told.rstrip().endswith("Roll back to another version, or learn again.")


def test_the_demo_leaves_another_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    assert "holds something else" in run("demo", tmp_path, "--no-serve", code=1).stderr
    assert (tmp_path / "precious.txt").read_text(encoding="utf-8") == "mine"


def test_the_version_is_said() -> None:
    assert run("--version").stdout == f"shopkeeper {__version__}\n"


def test_a_check_of_what_cannot_be_learnt_from_ends_with_1(tmp_path: Path) -> None:
    run("new", tmp_path / "bare")
    told = run("check", tmp_path / "bare", code=1).stdout
    assert "cannot be learnt from:" in told and "no check found anything" in told
    assert f"Next: shopkeeper import {tmp_path / 'bare'} FILE..." in "".join(told.split("\n"))
    assert json.loads(run("check", tmp_path / "bare", "--json", code=1).stdout)["verdict"] == "unlearnable"


def test_help_has_no_marks_of_a_markup() -> None:
    told = run("search", "--help").stdout
    assert "[required]" in told and "[default: 10; 1<=x<=200]" in told and "\\" not in told


def test_help_names_every_verb() -> None:
    told = run("--help").stdout
    verbs = (
        "new",
        "import",
        "check",
        "learn",
        "search",
        "recommend",
        "compare",
        "versions",
        "rollback",
        "serve",
        "demo",
    )
    assert all(f"  {verb}" in told for verb in (*verbs, "erase"))


def test_the_language_model_is_adapted_as_asked_and_its_card_is_asked_for(shop_folder: Path) -> None:
    refused = run("adapt", shop_folder, "--method", "loraa", code=1).stderr
    assert "encode.method: no such method, got 'loraa'" in refused and "Did you mean 'lora'?" in refused
    assert "encode.tasks: no such task, got 'matchin'" in run("adapt", shop_folder, "--tasks", "matchin", code=1).stderr
    assert "version 0001 has no model card" in run("card", shop_folder, code=1).stderr
