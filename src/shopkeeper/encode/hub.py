"""Models of the Hugging Face hub, where there is internet."""

import re
from collections.abc import Sequence
from pathlib import Path

from shopkeeper.errors import WeightsError

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""A hub name is 'owner/model'."""


def downloaded(name: str, files: Sequence[str], told: str, advice: str) -> Path:
    """The folder with these files of a model, patterns as `*.json`; what is there already is not fetched again.

    Raises WeightsError: `told` is what was asked for, in the words of whoever asks, `advice` what else may be done.
    """
    try:
        import huggingface_hub

        return Path(huggingface_hub.snapshot_download(name, allow_patterns=list(files), etag_timeout=5))
    except Exception as error:  # the client raises its own, httpx's and OSError alike
        raise WeightsError(f"{told} ({type(error).__name__}). Check the name and the connection, {advice}") from error
