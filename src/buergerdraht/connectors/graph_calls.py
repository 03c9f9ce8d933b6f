"""Calls to Meta's Graph: the token in a header, its proof beside it, failures as ours.

https://developers.facebook.com/docs/graph-api/overview
https://developers.facebook.com/docs/graph-api/guides/secure-requests
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from buergerdraht.connectors import graph, graph_errors
from buergerdraht.connectors.contract import SendError, Temporary
from buergerdraht.connectors.graph_config import GraphConfig
from buergerdraht.connectors.graph_errors import Rule
from buergerdraht.connectors.http import Answered, Call, Http, Upload

Judge = Callable[[Mapping[str, Any]], Rule]
UPLOAD_SECONDS = 120.0


class Graph:
    """One account's calls."""

    def __init__(self, config: GraphConfig, http: Http, judge: Judge = graph_errors.rule) -> None:
        self.config = config
        self.http = http
        self.judge = judge

    async def post(self, path: str, what: str, body: Mapping[str, Any], *, prepares: bool = False) -> Answered:
        """Post a JSON; the answer is the caller's to judge, because it may have sent something."""
        return await self.http.call(Call("POST", self._url(path), what, json=body, headers=self._auth(), prepares=prepares))

    async def get(self, path: str, what: str, **query: str) -> dict[str, Any]:
        answered = await self.http.call(Call("GET", self._url(path, **query), what, headers=self._auth(), prepares=True))
        if answered.status >= 400:
            raise self.failure(answered, sending=False)
        return answered.json()

    async def ask(self, path: str, what: str) -> dict[str, Any]:
        """Get by a path that brings its own query, as the pages of a list do."""
        path, _, query = path.partition("?")
        return await self.get(path, what, **dict(parse_qsl(query)))

    async def do(self, path: str, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post what sends nothing to anybody; raise one of the four failures."""
        answered = await self.post(path, what, body, prepares=True)
        if answered.status >= 400:
            raise self.failure(answered, sending=False)
        return answered.json()

    async def upload(self, path: str, form: Mapping[str, str | Upload]) -> dict[str, Any]:
        """Bring a file. One that breaks off has sent nothing to anybody."""
        call = Call(
            "POST", self._url(path), path.rpartition("/")[2], form=form, headers=self._auth(), seconds=UPLOAD_SECONDS, prepares=True
        )
        answered = await self.http.call(call)
        if answered.status >= 400:
            raise self.failure(answered, sending=False)
        return answered.json()

    def failure(self, answered: Answered, *, sending: bool = True) -> SendError:
        config = self.config
        found = graph_errors.failure(answered, self.judge, config.access_token.get_secret_value(), config.app_secret.get_secret_value())
        if not sending and isinstance(found, Temporary):
            found.maybe_sent = False
        return found

    def _url(self, path: str, **query: str) -> str:
        token, secret = (value.get_secret_value() for value in (self.config.access_token, self.config.app_secret))
        proof = {"appsecret_proof": graph.proof(secret, token)} if self.config.proven else {}
        asked = urlencode({**query, **proof})
        return f"{self.config.host}/{self.config.version}/{path}" + (f"?{asked}" if asked else "")

    def _auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.config.access_token.get_secret_value()}"}
