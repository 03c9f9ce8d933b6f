"""Ask for pages as one browser does, over one kept-alive connection, and take the time until the last byte."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

KEPT_SECONDS = 3.0  # the server lets go of an idle connection after five


@dataclass(frozen=True, slots=True)
class Page:
    name: str
    path: str
    form: Mapping[str, str] | None = None  # posted, where names must not stand in addresses


class Browser:
    def __init__(self, port: int, cookies: Mapping[str, str]) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept-Language": "de"}
        self.token = cookies.get("csrftoken", "")
        self.asked_at = 0.0

    def ask(self, page: Page) -> float:
        """Seconds until the page is there; raise where it is not a page."""
        if time.perf_counter() - self.asked_at > KEPT_SECONDS:
            self.connection.close()  # opened anew by the next request
        began = time.perf_counter()
        if page.form is None:
            self.connection.request("GET", page.path, headers=self.headers)
        else:
            headers = self.headers | {"Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": self.token}
            self.connection.request("POST", page.path, urlencode(page.form), headers)
        answer = self.connection.getresponse()
        answer.read()
        self.asked_at = time.perf_counter()
        took = self.asked_at - began
        if answer.status != 200:
            raise RuntimeError(f"{page.name} ({page.path}) antwortet mit {answer.status} {answer.headers.get('Location', '')}.")
        return took
