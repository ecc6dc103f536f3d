"""Claims:

1. a label is one short word in one form, in any script; sentences, addresses and the like are none.
2. a browser says the class of its device and nothing finer; programs say nothing.
3. a caller's own word stands above what the browser says.
4. moments are in order of time, cut at a day, and tell at most MOST labels of a kind apart.
"""

from typing import Any

import pytest

from shopkeeper.moments import MOST, NO_MOMENTS, Moments, device_of, label, said_in, with_device

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1 Version/17.0 Mobile/15E148 Safari/604.1"
)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36"
GALAXY_TAB = "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
WECHAT = "Mozilla/5.0 (Linux; Android 12; HarmonyOS) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0"
GOOGLEBOT = "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Chrome/120 Mobile Safari/537.36 (compatible; Googlebot/2.1)"


@pytest.mark.parametrize(
    ("said", "found"),
    [("Rain", "rain"), (" light-rain ", "light-rain"), ("雨", "雨"), ("Ｓｕｎ", "sun"), ("new_york", "new_york")]
    + [(text, "") for text in ("", "it rains", "12 High St.", "a@b.c", "x" * 33, "-", "51.5,0.1", "rain\n;")],
)
def test_a_label_is_one_short_word(said: str, found: str) -> None:
    assert label(said) == found


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        *((agent, "phone") for agent in (IPHONE, ANDROID, WECHAT)),
        *((CHROME, "desktop"), (GALAXY_TAB, "tablet")),
        *((agent, "") for agent in (GOOGLEBOT, "python-httpx/0.28", "", "curl/8.0")),
    ],
)
def test_a_browser_says_the_class_of_its_device(agent: str, device: str) -> None:
    assert device_of(agent) == device


def test_a_callers_own_word_stands_above_the_browsers() -> None:
    assert with_device({"weather": "rain"}, IPHONE) == {"weather": "rain", "device": "phone"}
    assert with_device({"device": "kiosk"}, IPHONE) == {"device": "kiosk"}
    assert with_device({"device": ""}, IPHONE) == {"device": ""}  # who says nothing of it on purpose
    assert with_device({}, "curl/8.0") == {}


def test_a_context_says_what_its_labels_say() -> None:
    assert said_in({"weather": "Rain", "place": "two words", "till": "4"}) == {"weather": "rain"}
    from_a_file: dict[str, Any] = {"weather": 5, "device": None, "place": {"city": "Beijing"}}
    assert said_in(from_a_file) == {} and len(Moments.of([(0, 1.0, from_a_file)]).rows) == 0


def test_moments_are_in_order_and_cut_at_a_day() -> None:
    lines = [(7, 3.0, {"device": "phone"}), (5, 1.0, {"weather": "rain", "device": "tablet"}), (6, 2.0, {"till": "4"})]
    found = Moments.of(lines)
    assert found.rows.tolist() == [5, 7] and found.days.tolist() == [1.0, 3.0]
    assert found.codes.tolist() == [[0, 0, -1], [-1, 1, -1]]
    assert found.labels == (("rain",), ("tablet", "phone"), ())
    assert found.before(3.0).rows.tolist() == [5] and found.before(3.0).labels == found.labels
    assert len(NO_MOMENTS.rows) == 0


def test_no_more_labels_are_told_apart_than_most() -> None:
    found = Moments.of([(0, float(at), {"place": f"p{at}"}) for at in range(MOST + 5)])
    assert len(found.labels[2]) == MOST and found.codes[-5:, 2].tolist() == [-1] * 5
