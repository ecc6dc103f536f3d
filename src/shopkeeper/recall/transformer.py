"""A small transformer over what a shopper did, one product after another: the same lines train it and serve it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shopkeeper.types import FloatArray

Numbers = Any
"""An array of numpy's, or a tensor of torch's: both are read by the same lines."""
Weights = Mapping[str, Numbers]
_TINY = 1e-6


def drawn(dimensions: int, layers: int, heads: int, longest: int, draw: np.random.Generator) -> dict[str, FloatArray]:
    """Weights that have learnt nothing. `near` (heads, longest) is what a distance adds to an attention."""
    d, wide = dimensions, 4 * dimensions

    def matrix(n_in: int, n_out: int) -> FloatArray:
        return np.asarray(draw.uniform(-1, 1, (n_in, n_out)) / np.sqrt(n_in), np.float32)

    # one head looks at what came last, the next one far back
    fading = 0.5 * 0.25 ** np.arange(heads)
    weights: dict[str, NDArray[Any]] = {"end.scale": np.ones(d), "end.shift": np.zeros(d)}
    for layer in range(layers):
        weights |= {
            f"{layer}.before.scale": np.ones(d),
            f"{layer}.before.shift": np.zeros(d),
            f"{layer}.ask": matrix(d, d),
            f"{layer}.key": matrix(d, d),
            f"{layer}.value": matrix(d, d),
            f"{layer}.out": matrix(d, d),
            f"{layer}.near": -fading[:, None] * np.arange(longest),
            f"{layer}.after.scale": np.ones(d),
            f"{layer}.after.shift": np.zeros(d),
            f"{layer}.up": matrix(d, wide),
            f"{layer}.up.shift": np.zeros(wide),
            f"{layer}.down": matrix(wide, d),
            f"{layer}.down.shift": np.zeros(d),
        }
    return {name: np.asarray(values, np.float32) for name, values in weights.items()}


def as_it_is(values: Numbers) -> Numbers:
    """What stands for dropout where nothing is dropped."""
    return values


def unit(values: Numbers) -> Numbers:
    """Vectors along the last axis at length one; a zero stays a zero."""
    return values / ((values * values).sum(-1)[..., None] + _TINY**2) ** 0.5


def taste(weights: Weights, items: Numbers, xp: Any, drop: Callable[[Numbers], Numbers] = as_it_is) -> Numbers:
    """(b, t, d), unit length: where the next product is looked for, after each of t products (b, t, d), oldest first.

    `items` are the products' unit vectors, `xp` is numpy or torch, `drop` what dropout makes of activations. A place
    sees itself and what came before; how far before is all that it knows of places.
    Source: Kang, McAuley, "Self-attentive sequential recommendation", ICDM 2018, with distances in place of positions.
    """
    d, t = items.shape[-1], items.shape[1]
    steps = np.arange(t)[:, None] - np.arange(t)
    later = xp.asarray(np.where(steps < 0, -1e9, 0.0).astype(np.float32))
    flow = drop(items * d**0.5)
    for layer in range(sum(name.endswith(".near") for name in weights)):
        own = {name.removeprefix(f"{layer}."): values for name, values in weights.items() if name[0] == str(layer)}
        near = own["near"][:, xp.asarray(np.maximum(steps, 0))] + later
        flow = flow + drop(_looked_back(own, _levelled(own, "before", flow), near, xp))
        up = _levelled(own, "after", flow) @ own["up"] + own["up.shift"]
        flow = flow + drop(drop(up * (up > 0)) @ own["down"] + own["down.shift"])
    return unit(_levelled(weights, "end", flow))


def _looked_back(own: Weights, flow: Numbers, near: Numbers, xp: Any) -> Numbers:
    """Attention of each place to itself and those before it; near (heads, t, t) is added before the softmax."""
    b, t, d = flow.shape
    heads = near.shape[0]
    ask, key, value = (
        (flow @ own[name]).reshape(b, t, heads, d // heads).swapaxes(1, 2) for name in ("ask", "key", "value")
    )
    fit = ask @ key.swapaxes(2, 3) * (d // heads) ** -0.5 + near
    part = xp.exp(fit - xp.amax(fit, axis=-1, keepdims=True))
    seen = (part / part.sum(-1)[..., None]) @ value
    return seen.swapaxes(1, 2).reshape(b, t, d) @ own["out"]


def _levelled(weights: Weights, name: str, values: Numbers) -> Numbers:
    """Layer normalisation. Source: Ba, Kiros, Hinton, 2016, eq. 4."""
    centred = values - values.mean(-1)[..., None]
    spread = ((centred * centred).mean(-1)[..., None] + 1e-5) ** 0.5
    return centred / spread * weights[f"{name}.scale"] + weights[f"{name}.shift"]
