"""Claims:

1. a wrong value is refused with its name, what is allowed, what was given, its line and the default.
2. an unknown section, setting or plug-in is refused with what is allowed and the nearest spelling.
3. a plug-in's own settings are read from its stage's section.
4. a folder without settings is no shop.
5. a number without an end, a weight below zero and a ranker that does not take part are refused.
6. a value where a table must stand, and a file that is not UTF-8, are refused with what to do.
"""

from pathlib import Path

import pytest

from shopkeeper import settings
from shopkeeper.errors import SettingError, ShopNotFound

ENOUGH = "[shop]\nname = 'corner'\n"


def test_defaults_hold_where_the_file_says_nothing() -> None:
    read = settings.parse(ENOUGH)
    assert (read.shop.name, read.recall.limit) == ("corner", 300)


def test_a_value_out_of_range_says_what_where_and_the_default() -> None:
    with pytest.raises(SettingError) as refused:
        settings.parse("[shop]\n\n[recall]\nlimit = -3\n")
    assert str(refused.value) == "recall.limit: must be >= 10, got -3 (settings.toml line 4). The default is 300."


def test_a_value_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(SettingError, match=r"serve.port: input should be a valid integer.*got 'http' .*line 2"):
        settings.parse("[serve]\nport = 'http'\n")


@pytest.mark.parametrize(
    ("key", "given", "like"), [("name", "中文", "shop-2"), ("name", "My Shop", "shop-2"), ("currency", "euro", "EUR")]
)
def test_a_name_of_another_form_is_told_one_of_the_right_form(key: str, given: str, like: str) -> None:
    with pytest.raises(SettingError) as caught:
        settings.parse(f'[shop]\n{key} = "{given}"\n')
    assert str(caught.value).startswith(
        f"shop.{key}: must be written like '{like}', got '{given}' (settings.toml line 2). The default is "
    )


def test_a_choice_names_the_choices() -> None:
    with pytest.raises(SettingError, match=r"shop.language: must be one of 'auto', 'en' or 'zh', got 'fr'"):
        settings.parse("[shop]\nlanguage = 'fr'\n")


def test_a_typo_in_a_setting_is_named_with_its_neighbour() -> None:
    with pytest.raises(SettingError, match=r"store.tail_dais: no such setting \(settings.toml line 2\).*'tail_days'\?"):
        settings.parse("[store]\ntail_dais = 3\n")


def test_a_typo_in_a_section_is_named_with_its_neighbour() -> None:
    with pytest.raises(SettingError, match=r"\[recal\]: no such section .*Did you mean 'recall'\?"):
        settings.parse("[recal]\nlimit = 3\n")


def test_a_typo_in_a_plug_in_is_named_with_its_neighbour() -> None:
    with pytest.raises(SettingError, match=r"arrange.diversty: no such setting .*Did you mean 'diversity'\?"):
        settings.parse("[arrange.diversty]\npool = 3\n")


def test_a_plug_in_reads_its_own_table() -> None:
    read = settings.parse("[arrange.diversity]\npool = 33\n")
    assert read.of("rule", "diversity").pool == 33


def test_a_plug_in_refuses_a_value_with_its_line() -> None:
    read = settings.parse("[arrange]\n[arrange.diversity]\nrelevance = 7\n")
    with pytest.raises(
        SettingError, match=r"arrange.diversity.relevance: must be <= 1.0, got 7 \(settings.toml line 3"
    ):
        read.check()


@pytest.mark.parametrize(
    ("table", "key", "given"),
    [
        ("recall.popular", "weight", "inf"),
        ("recall.popular", "blend", "[0.1, nan, 0.2]"),
        ("recall.popular", "scene_weights", "{home = inf}"),
        ("recall.lexical", "popularity_weight", "inf"),
        ("rank", "window_days", "inf"),
        ("learn", "margin", "nan"),
    ],
)
def test_a_number_without_an_end_is_refused(table: str, key: str, given: str) -> None:
    with pytest.raises(
        SettingError, match=rf"{table}.{key}.*: input should be a finite number, got (inf|nan) .*line 2"
    ):
        settings.parse(f"[{table}]\n{key} = {given}\n").check()


def test_a_weight_below_zero_is_refused_where_weights_are_many() -> None:
    for key, given in (("blend", "[-1, 0.5, 0.5]"), ("scene_weights", "{home = -1}")):
        with pytest.raises(SettingError, match=rf"recall.popular.{key}.\w+: must be >= 0.0, got -1"):
            settings.parse(f"[recall.popular]\n{key} = {given}\n").check()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            'rankers = {home = "lambdarnk"}',
            "rank.rankers.home: no such ranker takes part, got 'lambdarnk' (settings.toml "
            "line 2). Allowed: blend, fused, lambdarank. Did you mean 'lambdarank'?",
        ),
        (
            "[rank.lambdarank]\nenabled = false",
            "rank.rankers.home: no such ranker takes part, got 'lambdarank' (settings.toml line 1). "
            "Allowed: blend, fused.",
        ),
        (
            "[rank.fused]\nenabled = false",
            "rank.fused.enabled: must be true, got False (settings.toml line 3). It orders where none is taught.",
        ),
    ],
)
def test_a_ranker_that_does_not_take_part_is_refused(text: str, told: str) -> None:
    with pytest.raises(SettingError) as refused:
        settings.parse(f"[rank]\n{text}\n")
    assert str(refused.value) == told


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(SettingError, match=r"settings.toml: not valid TOML: .*line 1"):
        settings.parse("[shop\n")


def test_a_folder_without_settings_is_no_shop(tmp_path: Path) -> None:
    with pytest.raises(ShopNotFound, match=r"holds no shop: settings.toml is missing. Make one with: shopkeeper new"):
        settings.read(tmp_path)


def test_a_value_where_a_table_must_stand_is_refused() -> None:
    with pytest.raises(SettingError) as refused:
        settings.parse("\nshop = 5\n")
    told = "shop: must be a table, got 5 (settings.toml line 2). Write [shop], its keys below it."
    assert str(refused.value) == told
    with pytest.raises(SettingError) as refused:
        settings.parse("[recall]\nlexical = 5\n")
    told = "recall.lexical: must be a table, got 5 (settings.toml line 2). Write [recall.lexical], its keys below it."
    assert str(refused.value) == told


def test_settings_in_another_encoding_are_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes("[shop]\ntitle = 'Café'\n".encode("latin-1"))
    with pytest.raises(SettingError, match=r"settings.toml: not UTF-8 \(.*\). Save the file as UTF-8."):
        settings.read(tmp_path)


def test_a_ranker_of_searches_orders_nothing_else() -> None:
    read = settings.parse('[rank]\nrankers = {home = "blend"}\n')
    with pytest.raises(SettingError) as refused:
        read.check()
    assert str(refused.value) == "rank.rankers.home: blend orders search alone (settings.toml line 2). Name another."
