"""A strict reader of Open311 answers, written from the specification's text alone: it knows nothing of how they are made.

Sources: GeoReport v2 (Encoding, Format Support, API methods, Errors), Service Discovery, the Spark convention for JSON. A field that is
named in no table, has another type, comes twice or is missing is a fault; the order of fields is not.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

XML, JSON = "text/xml; charset=utf-8", "application/json; charset=utf-8"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)")
Schema = dict[str, Any]

REQUEST: Schema = {
    "service_request_id": "text", "status": ("open", "closed"), "status_notes": "text?", "service_name": "text", "service_code": "text",
    "description": "text?", "agency_responsible": "text?", "service_notice": "text?", "requested_datetime": "time",
    "updated_datetime": "time", "expected_datetime": "time?", "address": "text?", "address_id": "text?", "zipcode": "text?",
    "lat": "number?", "long": "number?", "media_url": "link?",
}  # fmt: skip
EXTENDED: Schema = REQUEST | {
    "extended_attributes": {
        "detailed_status": ("PENDING", "RECEIVED", "IN_PROCESS", "PROCESSED", "REJECTED"), "state": "text", "service_kind": "text",
        "district": "text?", "url": "link",
        "photos": [("photo", {"media_url": "link", "title": "text", "width": "whole", "height": "whole"})],
    },
    "notes": [("note", {"datetime": "time", "description": "text", "type": "text"})],
}  # fmt: skip
VALUE: Schema = {"key": "text", "name": "text"}
ATTRIBUTE: Schema = {
    "variable": "truth", "code": "text", "datatype": ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"),
    "required": "truth", "datatype_description": "text?", "order": "whole", "description": "text",
}  # fmt: skip
LISTED = ATTRIBUTE | {"values": [("value", VALUE)]}
ANSWERS: dict[str, tuple[str, Any]] = {
    "services": ("services", [("service", {
        "service_code": "text", "service_name": "text", "description": "text?", "metadata": "truth",
        "type": ("realtime", "batch", "blackbox"), "keywords": "text?", "group": "text?",
    })]),
    "definition": ("service_definition", {"service_code": "text", "attributes": [("attribute", ATTRIBUTE)]}),
    "created": ("service_requests", [("request", {"service_request_id": "text", "service_notice": "text?", "account_id": "text?"})]),
    "token": ("service_requests", [("request", {"service_request_id": "text", "token": "text"})]),
    "requests": ("service_requests", [("request", REQUEST)]),
    "extended": ("service_requests", [("request", EXTENDED)]),
    "updates": ("service_request_updates", [("request_update", {
        "update_id": "text", "service_request_id": "text", "status": ("open", "closed"), "updated_datetime": "time",
        "description": "text?", "media_url": "link?",
    })]),
    "updated": ("service_request_updates", [("request_update", {"update_id": "text"})]),
    "errors": ("errors", [("error", {"code": "whole", "description": "text"})]),
    "discovery": ("discovery", {
        "changeset": "text", "contact": "text", "key_service": "text",
        "endpoints": [("endpoint", {
            "specification": ("http://wiki.open311.org/GeoReport_v2",), "url": "link", "changeset": "text", "type": ("production", "test"),
            "formats": [("format", ("text/xml", "application/json"))],
        })],
    }),
}  # fmt: skip


def read(answer: Any, kind: str, status: int = 200) -> Any:
    """Read an answer of a kind, in whatever form it is; both forms come out the same. Fails where it is not by the text."""
    assert answer.status_code == status, (answer.status_code, answer.content[:400])
    root, schema = ANSWERS[kind]
    body = answer.content.decode("utf-8", "strict")
    if answer["Content-Type"] == JSON:
        return _from_json(json.loads(body, parse_constant=_no), schema, kind)
    assert answer["Content-Type"] == XML
    assert re.match(r'<\?xml version="1\.0" encoding="UTF-8"\?>\s*<', body)
    assert "<!" not in body
    top = ElementTree.fromstring(body)  # noqa: S314 - our own words, and no DTD
    assert top.tag == root
    return _from_xml(top, schema)


def error(answer: Any, status: int) -> list[str]:
    """Read an answer that refuses; its code is the status. Returns its sentences."""
    found = read(answer, "errors", status)
    assert found
    assert {each["code"] for each in found} == {status}
    return [each["description"] for each in found]


def _no(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def _listed(schema: Schema, given: Any) -> Schema:
    """An attribute with a list of values has them, another has none."""
    return LISTED if schema is ATTRIBUTE and given in {"singlevaluelist", "multivaluelist"} else schema


def _from_json(value: Any, schema: Any, where: str) -> Any:
    if isinstance(schema, list):
        assert isinstance(value, list), f"{where}: a bare array"
        return [_from_json(each, schema[0][1], where) for each in value]
    if isinstance(schema, dict):
        assert isinstance(value, dict), where
        schema = _listed(schema, value.get("datatype"))
        assert set(value) == set(schema), (where, set(value) ^ set(schema))
        return {name: _from_json(value[name], schema[name], name) for name in schema}
    kinds: dict[Any, Any] = {"truth": bool, "whole": int, "number": (int, float)}
    plain = schema.rstrip("?") if isinstance(schema, str) else "text"
    if value is None:
        assert isinstance(schema, str), where
        assert schema.endswith("?"), where
        return None
    assert isinstance(value, kinds.get(plain, str)), (where, value)
    assert isinstance(value, bool) == (plain == "truth"), (where, value)
    return _checked(value, schema, where)


def _from_xml(element: ElementTree.Element, schema: Any) -> Any:
    where = element.tag
    assert not element.attrib, f"{where}: no attributes"
    assert "{" not in where, "no namespaces"
    if not isinstance(schema, list | dict):
        assert not len(element), where
        return _text(element.text or "", schema, where)
    assert not (element.text or "").strip(), where
    assert not any((each.tail or "").strip() for each in element), where
    if isinstance(schema, list):
        name, inner = schema[0]
        assert {each.tag for each in element} <= {name}, where
        return [_from_xml(each, inner) for each in element]
    names = [each.tag for each in element]
    kind = element.find("datatype")
    schema = _listed(schema, kind.text if kind is not None else None)
    assert sorted(names) == sorted(schema), (where, set(names) ^ set(schema))
    return {each.tag: _from_xml(each, schema[each.tag]) for each in element}


def _text(text: str, schema: Any, where: str) -> Any:
    plain = schema.rstrip("?") if isinstance(schema, str) else "text"
    if not text:
        assert isinstance(schema, str), where
        assert schema.endswith("?"), where
        return None
    if plain == "truth":
        assert text in {"true", "false"}, (where, text)
        return text == "true"
    if plain in {"whole", "number"}:
        assert re.fullmatch(r"-?\d+(\.\d+)?" if plain == "number" else r"\d+", text), (where, text)
        return float(text) if plain == "number" else int(text)
    return _checked(text, schema, where)


def _checked(value: Any, schema: Any, where: str) -> Any:
    if isinstance(schema, tuple):
        assert value in schema, (where, value)
    elif schema.startswith("time"):
        assert TIME.fullmatch(value), (where, value)
    elif schema.startswith("link"):
        assert re.fullmatch(r"https?://[^\s<>]+", value), (where, value)
    elif schema.startswith("text"):
        assert value, where
    return float(value) if schema == "number?" else value
