"""A chat server, and queries that it writes. Claims, with a real server on this machine:

1. it is asked in OpenAI's protocol, with the key of the environment, which nothing shows.
2. one that is not there, refuses or answers otherwise is named, with what to look at.
3. of what it writes for a product, lines that are searches are taken, each once, without their marks; what is too long
   or only says the product again is not.
4. a writer without a model is refused with how one is named.
5. the task `matching` learns from what is written beside its own queries, for so many products at most.
"""

from pathlib import Path

import numpy as np
import pytest

from shopkeeper.encode.chat import KEY, Server
from shopkeeper.encode.model import TextModel
from shopkeeper.encode.weights import find
from shopkeeper.encode.written import written
from shopkeeper.errors import TrainingError
from tests.encode.echo import Echo
from tests.encode.test_matching import corpus, prepared
from tests.encode.tiny import write_e5


def test_it_is_asked_as_agreed(chat_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, "secret")
    server = Server.of(f"{chat_url}/", "qwen")
    assert server.asked("Say it backwards.", "good shoes") == "seohs doog"
    path, key, body = Echo.heard[0]
    assert (path, key) == ("/v1/chat/completions", "Bearer secret") and "secret" not in repr(server)
    assert body["model"] == "qwen" and body["temperature"] == 0
    assert [told["content"] for told in body["messages"]] == ["Say it backwards.", "good shoes"]


@pytest.mark.parametrize("says", [401, b"[]", b"nonsense", b'{"choices": []}', b'{"choices": [{"message": null}]}'])
def test_a_server_that_answers_otherwise_is_named(chat_url: str, says: bytes | int) -> None:
    Echo.says = says
    told = (
        rf"{chat_url}/chat/completions: the chat server gave nothing \(HTTP Error 401.* set {KEY}"
        if says == 401
        else rf"{chat_url}/chat/completions: the chat server's answer holds no choices\[0\]\.message\.content"
    )
    with pytest.raises(TrainingError, match=told):
        Server.of(chat_url, "qwen").asked("", "tea")


def test_a_server_that_is_not_there_is_named(chat_url: str) -> None:
    nobody = "http://127.0.0.1:9/v1"
    with pytest.raises(TrainingError, match=rf"{nobody}/chat/completions: .* gave nothing .* it runs and knows 'qwen'"):
        Server.of(nobody, "qwen").asked("", "tea")
    with pytest.raises(TrainingError, match="file:///etc: a chat server's URL begins with http:// or https://"):
        Server.of("file:///etc", "qwen").asked("", "tea")


def test_lines_that_are_searches_are_taken(chat_url: str) -> None:
    Echo.writes = '1. red kettle\n- "Kettle for tea"\n\nred kettle\nRed Kettle 2 l\none two three four five six seven'
    found = written(["red kettle 2 l", "lamp"], f"{chat_url} qwen 2", np.random.default_rng(0))
    assert [query.meant for query in found] == ["red kettle", "Kettle for tea", "Red Kettle 2 l"]
    assert [heard[2]["model"] for heard in Echo.heard] == ["qwen 2", "qwen 2"]
    assert [heard[2]["messages"][1]["content"] for heard in Echo.heard] == ["red kettle 2 l", "lamp"]


def test_a_writer_without_a_model_is_refused(chat_url: str) -> None:
    with pytest.raises(
        TrainingError, match=r"a writer of queries is 'URL MODEL', as 'http://127\.0\.0\.1:8080/v1 qwen'"
    ):
        written(["tea"], chat_url, np.random.default_rng(0))


@pytest.mark.weights
def test_matching_learns_from_what_is_written(chat_url: str, tmp_path: Path) -> None:
    Echo.writes = "a pot to boil water in"
    model = TextModel.load(find(str(write_e5(tmp_path / "tiny.bin"))))
    own, more = (prepared(model, corpus(), writer=writer, written=3) for writer in ("", f"{chat_url} q"))
    assert len(Echo.heard) == 3
    assert {query.meant for query in more._queries} - {query.meant for query in own._queries} == {Echo.writes}
