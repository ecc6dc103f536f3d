"""Icecat's products as a shop would list them, in English or with names, types, values and units in Chinese."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import orjson

from shopkeeper.attributes import Attributes
from shopkeeper.types import Catalog

CENTS = 100.0
TYPES = """
Notebook=笔记本电脑 PC=台式电脑 Headphones=耳机 Headset=头戴式耳机 Processor=处理器 Workstation=工作站
Battery=电池 HDD=机械硬盘 Chromebook=谷歌本 Netbook=上网本 Server=服务器 Keyboard=键盘 Fan=风扇 Cooler=散热器
Desktop_Board=主板 MP3_player=MP3播放器 MP4_player=MP4播放器 Network_Interface_Card=网卡
Hybrid_(2-in-1)=二合一电脑 Drip_coffee_maker=滴滤咖啡机 Pod_coffee_machine=胶囊咖啡机
Espresso_machine=意式咖啡机 POS_printer=票据打印机 CD-R=CD刻录盘 DVD-R=DVD刻录盘 DVD+R=DVD加刻录盘
Freestanding_rack=落地机柜 Wall_mounted_rack=壁挂机柜 Jigsaw_puzzle=拼图 AV_transmitter=影音发射器
Scientific_calculator=科学计算器 DECT_telephone=无绳电话 All-in-One_PC=一体机 Mobile_workstation=移动工作站
Tabletop_router=桌面路由器 Desktop_projector=桌面投影仪
"""
TEXTS = {
    "product_colour": "颜色",
    "material": "材质",
    "processor_family": "处理器系列",
    "connectivity_technology": "连接方式",
    "internal_memory_type": "内存类型",
    "display_resolution": "分辨率",
    "battery_technology": "电池类型",
    "operating_system_installed": "操作系统",
    "form_factor": "外形",
    "processor_socket": "插槽",
    "cable_colour": "线缆颜色",
}
NUMBERS = {
    "internal_memory": ("内存", "GB", "GB"),
    "display_diagonal": ("屏幕尺寸", "inch", "英寸"),
    "total_storage_capacity": ("存储容量", "GB", "GB"),
    "hdd_capacity": ("硬盘容量", "GB", "GB"),
    "processor_frequency": ("主频", "GHz", "GHz"),
    "weight": ("重量", "g", "克"),
    "battery_capacity": ("电池容量", "mAh", "毫安时"),
    "thermal_design_power__tdp_": ("功耗", "W", "瓦"),
    "battery_voltage": ("电压", "V", "伏"),
    "cable_length": ("线长", "m", "米"),
    "rms_rated_power": ("额定功率", "W", "瓦"),
    "maximum_internal_memory": ("最大内存", "GB", "GB"),
    "ssd_capacity": ("固态硬盘容量", "GB", "GB"),
    "native_capacity": ("光盘容量", "GB", "GB"),
    "height": ("高度", "mm", "毫米"),
    "width": ("宽度", "mm", "毫米"),
}
"""By attribute its Chinese name, and the unit its numbers are in."""
VALUES = """
Black=黑色 White=白色 Grey=灰色 Silver=银色 Blue=蓝色 Red=红色 Beige=米色 Green=绿色 Yellow=黄色 Pink=粉色
Orange=橙色 Gold=金色 Brown=棕色 Multicolour=彩色 Transparent=透明 Violet=紫色 Purple=紫色 Aluminium=铝
Plastic=塑料 Steel=钢 Metal=金属 Nylon=尼龙 Leather=皮革 Paper=纸 Polyester=涤纶 Silicone=硅胶 Wood=木
Glass=玻璃 Rubber=橡胶 Cardboard=纸板 Wired=有线 Wireless=无线 Clamshell=翻盖 Tower=塔式 Rack=机架式
Stainless_steel=不锈钢 Alkaline=碱性 Lithium-Ion_(Li-Ion)=锂离子 Lithium_Polymer_(LiPo)=锂聚合物
"""
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def table(text: str) -> Mapping[str, str]:
    """English to Chinese; an underscore is a space."""
    pairs = (pair.rpartition("=") for pair in text.split())
    return {english.replace("_", " "): chinese for english, _, chinese in pairs}


TYPE_TABLE, VALUE_TABLE = table(TYPES), table(VALUES)


@dataclass(frozen=True)
class Shelf:
    """The catalogue, what each product says of itself by attribute, and the sha256 of the file."""

    catalog: Catalog
    said: list[Mapping[str, str]]
    digest: str


def shelf(folder: Path, language: Language) -> Shelf:
    """All 19,406 products, in English with every attribute that is a text or a number, in Chinese with the tables'.

    A product's category is its type, where it has one; numbers have a unit where the table knows it.
    """
    content = (folder / "products.jsonl.gz").read_bytes()
    products = [orjson.loads(line) for line in gzip.decompress(content).splitlines()]
    said = [_said(product, language) for product in products]
    kinds = [_kind(product, language) for product in products]
    paths: dict[tuple[str, ...], int] = {}
    categories = np.array([paths.setdefault((kind,) if kind else (), len(paths)) for kind in kinds], np.int32)
    n = len(products)
    catalog = Catalog(
        product_ids=[str(product["id"]) for product in products],
        titles=[str(product["title"]) for product in products],
        brands=[str(product.get("supplier", "")) for product in products],
        categories=categories,
        category_paths=list(paths),
        departments=categories,
        department_names=["".join(path) for path in paths],
        groups=np.arange(n, dtype=np.int32),
        prices=np.array([float(product.get("price") or np.nan) / CENTS for product in products], np.float64),
        available=np.ones(n, bool),
        created=np.full(n, np.nan),
        deleted=np.zeros(n, bool),
        currency="USD" if language == "en" else "CNY",
        attributes=Attributes.of(said),
    )
    return Shelf(catalog, said, hashlib.sha256(content).hexdigest())


def number(key: str, value: float, language: Language) -> str:
    """A number as the shop lists it."""
    unit = NUMBERS[key][1 if language == "en" else 2] if key in NUMBERS else ""
    return f"{value:g} {unit}".strip()


def name(key: str, language: Language) -> str:
    """What an attribute is called."""
    if language == "en":
        return " ".join(key.split("_")).strip().replace("  ", " ")
    return NUMBERS[key][0] if key in NUMBERS else TEXTS[key]


def _said(product: Mapping[str, Any], language: Language) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for full, value in product.items():
        kind, key = full[:7], full[7:]
        if kind not in ("attr_t_", "attr_n_") or key in ("type", "product_type"):
            continue
        if language == "zh" and key not in TEXTS and key not in NUMBERS:
            continue
        if kind == "attr_n_":
            found[name(key, language)] = number(key, float(value), language)
        else:
            found[name(key, language)] = VALUE_TABLE.get(str(value), str(value)) if language == "zh" else str(value)
    return found


def _kind(product: Mapping[str, Any], language: Language) -> str:
    said = (str(product.get(f"attr_t_{key}", "")) for key in ("product_type", "type"))
    kind = next((word for word in said if word and not word.isdigit() and word != "Original"), "")
    return TYPE_TABLE.get(kind, kind) if language == "zh" else kind
