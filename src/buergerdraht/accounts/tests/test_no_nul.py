"""A NUL, however it is written, is refused before anything else: the database takes none, and a stranger could make errors of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from buergerdraht.accounts.middleware import no_nul

make = RequestFactory()


def answer(request: HttpRequest) -> int:
    return no_nul(lambda _request: HttpResponse("taken"))(request).status_code


@pytest.mark.parametrize(
    "request_",
    [
        make.get("/p/musterstadt/?thema=%00"),
        make.get("/k/%00"),
        make.get("/p/musterstadt/?%00=x"),
        make.get("/p/musterstadt/?thema=%2BAAA-", CONTENT_TYPE="text/plain; charset=utf-7"),
        make.post("/p/musterstadt/chat", "wahl=%00+x", content_type="application/x-www-form-urlencoded"),
        make.post("/p/musterstadt/chat", {"wahl": "\0 x"}),
        make.post("/p/musterstadt/chat", {"\0": "x"}),
        make.post("/p/musterstadt/push", '{"topics": ["\\u0000"]}', content_type="application/json"),
        make.post("/p/musterstadt/push", '{"topics": ["\\\\\\u0000"]}', content_type="application/json"),
        make.patch("/termin", b'{"a": "\0"}', content_type="application/merge-patch+json"),
    ],
)
def test_a_nul_is_refused(request_: HttpRequest) -> None:
    assert answer(request_) == 400


@pytest.mark.parametrize(
    "request_",
    [
        make.get("/p/musterstadt/?thema=100%2500"),
        make.post("/p/musterstadt/chat", "wahl=%2500", content_type="application/x-www-form-urlencoded"),
        make.post("/p/musterstadt/chat", {"wahl": "x", "datei": SimpleUploadedFile("a.pdf", b"%PDF\0\0")}),
        make.post("/p/musterstadt/push", '{"topics": ["\\\\u0000"]}', content_type="application/json"),
        make.post("/p/x", b"\0\0", content_type="application/octet-stream"),
        make.get("/melden/musterstadt/?worte=%00"),  # names the field itself
    ],
)
def test_what_holds_none_is_let_through_whole(request_: Any) -> None:
    assert answer(request_) == 200
    if request_.FILES:
        assert request_.FILES["datei"].read() == b"%PDF\0\0"
