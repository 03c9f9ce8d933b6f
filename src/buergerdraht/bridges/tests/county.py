"""Another authority's Open311 server, by the text of GeoReport v2: it knows nothing of the product."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

from buergerdraht.bridges.tests.conftest import Answer, Request


class County:
    """Another authority's GeoReport v2 server. XML or JSON as asked, lists bare, closed as it decides."""

    def __init__(self) -> None:
        self.requests: list[dict[str, str]] = []
        self.updates: list[dict[str, str]] = []
        self.taken_updates: list[dict[str, list[str]]] = []
        self.mute = 0  # so many POSTs are taken without an answer
        self.broken = 0
        self.token = self.picky = False
        self.decided = False

    def __call__(self, request: Request) -> Answer:
        parts = urlsplit(request.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path, _dot, form = parts.path.removeprefix("/v2/").rpartition(".")
        xml = form == "xml"
        if self.broken:
            self.broken -= 1
            return Answer(500, b"")
        if path == "services":
            rows = [
                {"service_code": "road", "service_name": "Kreisstraßen", "metadata": "true"},
                {"service_code": "tree", "service_name": "Bäume", "metadata": "false"},
            ]
            return written(xml, "services", "service", rows)
        if path == "services/road":
            return Answer(200, DEFINITION_XML if xml else json.dumps(DEFINITION).encode(), "text/xml" if xml else "application/json")
        if path == "requests" and request.method == "POST":
            return self.post(request, xml)
        if path == "requests":
            return written(xml, "service_requests", "request", self.found(asked))
        if path.startswith("tokens/"):
            row = {"token": path.removeprefix("tokens/")} | ({"service_request_id": "1"} if self.decided else {})
            return written(xml, "service_requests", "request", [row])
        if path == "servicerequestupdates" and request.method == "GET":
            return written(xml, "service_request_updates", "request_update", self.updates)
        if path == "servicerequestupdates":
            self.taken_updates.append(parse_qs(request.body.decode()))
            return written(xml, "service_request_updates", "request_update", [{"update_id": "u"}])
        return Answer(404, b"[]")

    def post(self, request: Request, xml: bool) -> Answer:
        said = fields(request)
        if said.get("api_key") != "geheim":
            return Answer(403, b'[{"code": "403", "description": "api_key"}]')
        if self.picky or not said.get("service_code"):
            return Answer(400, b'[{"code": "400", "description": "service_code"}]')
        number = str(len(self.requests) + 1)
        self.requests.append(said | {"service_request_id": number, "status": "open", "status_notes": ""})
        if self.mute:
            self.mute -= 1
            return Answer(200, b"", silent=True)
        row = {"token": "t-1"} if self.token else {"service_request_id": number, "service_notice": "Danke"}
        return written(xml, "service_requests", "request", [row])

    def found(self, asked: dict[str, str]) -> list[dict[str, str]]:
        wanted = asked.get("service_request_id", "").split(",")
        rows = [row for row in self.requests if row["service_request_id"] in wanted or "service_request_id" not in asked]
        shown = ("service_request_id", "status", "status_notes", "service_code", "description")
        return [{key: row.get(key, "") for key in shown} for row in rows]


DEFINITION = {
    "service_code": "road",
    "attributes": [{"code": "depth", "required": True, "datatype": "number"}, {"code": "x", "required": False}],
}
DEFINITION_XML = (
    b'<?xml version="1.0" encoding="utf-8"?><service_definition><service_code>road</service_code><attributes>'
    b"<attribute><code>depth</code><required>true</required></attribute><attribute><code>x</code><required>false</required></attribute>"
    b"</attributes></service_definition>"
)


def written(xml: bool, wrapped: str, each: str, rows: list[dict[str, str]]) -> Answer:
    if not xml:
        return Answer(200, json.dumps(rows).encode())
    root = ElementTree.Element(wrapped)
    for row in rows:
        child = ElementTree.SubElement(root, each)
        for key, value in row.items():
            ElementTree.SubElement(child, key).text = value
    return Answer(200, ElementTree.tostring(root, encoding="utf-8", xml_declaration=True), "text/xml; charset=utf-8")


def fields(request: Request) -> dict[str, str]:
    if request.headers["content-type"].startswith("multipart/form-data"):
        from email import message_from_bytes

        mail = message_from_bytes(b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.body)
        return {
            str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True).decode("utf-8", "replace")
            for part in mail.get_payload()
        }
    return {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
