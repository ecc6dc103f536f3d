"""A model behind a URL that speaks OpenAI's chat protocol: somebody's own machine, or a service that the user names."""

import json
import os
from dataclasses import dataclass, field
from urllib.error import URLError
from urllib.request import Request, urlopen

from shopkeeper.errors import TrainingError

TIMEOUT_S, MAX_TOKENS = 60.0, 512
KEY = "SHOPKEEPER_CHAT_KEY"
"""The variable of the environment with the key of a server that asks for one."""


@dataclass(frozen=True)
class Server:
    """Asked for one answer at a time; nothing is drawn by chance."""

    url: str
    model: str
    key: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str, model: str) -> "Server":
        """With the key that the environment holds."""
        return cls(url, model, os.environ.get(KEY, ""))

    def asked(self, task: str, text: str) -> str:
        """What it answers to the text under this task.

        Raises TrainingError where it cannot be reached, refuses, or answers otherwise than agreed.
        """
        messages = [{"role": "system", "content": task}, {"role": "user", "content": text}]
        body = {"model": self.model, "messages": messages, "temperature": 0, "max_tokens": MAX_TOKENS}
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        url = f"{self.url.rstrip('/')}/chat/completions"
        if not url.startswith(("http://", "https://")):
            raise TrainingError(f"{self.url}: a chat server's URL begins with http:// or https://")
        asked = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 http or https, as was just seen
        try:
            with urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310 the same
                said = json.loads(answer.read())["choices"][0]["message"]["content"]
        except (URLError, TimeoutError, ConnectionError) as error:
            raise TrainingError(
                f"{url}: the chat server gave nothing ({error}). Check that it runs and knows '{self.model}', and set "
                f"{KEY} where it asks for a key"
            ) from error
        except (ValueError, LookupError, TypeError) as error:
            raise TrainingError(
                f"{url}: the chat server's answer holds no choices[0].message.content. The URL must be the one before "
                f"/chat/completions, as http://127.0.0.1:8080/v1"
            ) from error
        return str(said).strip()
