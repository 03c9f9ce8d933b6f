"""Process logs say where and what kind, never what a citizen said or where a token leads."""

from __future__ import annotations

import logging
import sys

from buergerdraht.house.logs import Silent


def logged(name: str, text: str, *values: object, **more: object) -> str:
    record = logging.LogRecord(name, logging.ERROR, __file__, 1, text, values, None)
    record.__dict__.update(more)
    return Silent("%(name)s %(message)s").format(record)


def test_the_words_of_an_exception_stay_out() -> None:
    try:
        raise ValueError("Emine Yıldırım +49 171 3920011")
    except ValueError:
        line = logged("buergerdraht.ingest", "event kept", exc_info=sys.exc_info())
    assert "Emine" not in line
    assert "3920011" not in line
    assert "ValueError" in line
    assert "test_logs.py" in line


def test_the_address_of_a_failed_request_stays_out() -> None:
    line = logged("django.request", "Internal Server Error: %s", "/auskunft/s3cret/", status_code=500)
    assert "s3cret" not in line
    assert "500" in line
