"""Claims:

1. the demo names three things to try, with its folder and port.
2. a port that is taken is said before anything is made.
3. what the demo, the README files and docs/http.md search for stands, every word of it, in titles on the demo's shelf.
"""

import re
import socket
import warnings
from pathlib import Path

import pytest

from shopkeeper.errors import PortInUse
from shopkeeper.intake.readers.complete_journey import CompleteJourney
from shopkeeper.text import tokens
from shopkeeper.understand.understanding import Understanding
from tests.house.tree import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of typer, about click
    from shopkeeper.cli import demo

DOCUMENTS = ("README.md", "README.zh-CN.md", "docs/http.md")


def test_three_things_to_try_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    demo._advise(Path("corner"), 8123, serve=False)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if re.match(r" +\d\. ", line)]
    assert [line[:2] for line in lines] == ["1.", "2.", "3."]
    assert "serve corner, open http://127.0.0.1:8123" in lines[0]
    assert lines[1].endswith('search corner "choclate milk"')
    assert lines[2].endswith("recommend corner --user 1")


def test_a_taken_port_is_said_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortInUse, match=f"port {port} on 127.0.0.1 is taken"):
            demo.demonstrate(tmp_path / "corner", serve=True, port=port)
    assert not (tmp_path / "corner").exists() and not capsys.readouterr().out


@pytest.mark.data
def test_what_is_searched_for_in_examples_is_on_the_shelf() -> None:
    products = next(CompleteJourney(CompleteJourney.Settings(to_week=1, households=1)).read([]))
    titles, sold = (products.columns[name].to_pylist() for name in ("title", "availability"))
    shelf = [title for title, available in zip(titles, sold, strict=True) if available]
    asked = [re.findall(r'"query": "([^"]+)"', (ROOT / name).read_text("utf-8")) for name in DOCUMENTS]
    assert all(asked)
    understanding = Understanding(None, shelf)
    for query in (demo.SUGGESTED, *(query for queries in asked for query in queries)):
        words = set(tokens(understanding.understand(query).correction or query))
        assert sum(words <= set(tokens(title)) for title in shelf) >= 10, query
    assert understanding.understand(demo.SUGGESTED).correction == "chocolate milk"
