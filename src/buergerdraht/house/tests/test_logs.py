"""Process logs say where and what kind, never what a citizen said or where a token leads."""

from __future__ import annotations

import json
import logging
import sys

from buergerdraht.house.logs import Json, Silent


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


def as_json(name: str, text: str, *values: object, **more: object) -> dict[str, object]:
    record = logging.LogRecord(name, logging.WARNING, __file__, 1, text, values, None)
    record.__dict__.update(more)
    line = Json().format(record)
    assert "\n" not in line
    return json.loads(line)


def test_a_line_as_json_has_its_event_and_its_numbers() -> None:
    line = as_json("buergerdraht.engine", "channel.owned channel=%s reason=%s", 12, "rate_limit")
    assert line["event"] == "channel.owned"
    assert line["channel"] == 12
    assert line["reason"] == "rate_limit"
    assert line["level"] == "warning"
    assert line["logger"] == "buergerdraht.engine"
    assert str(line["time"]).endswith("+00:00")


def test_json_keeps_the_words_of_an_exception_out_too() -> None:
    try:
        raise ValueError("Emine Yıldırım +49 171 3920011")
    except ValueError:
        line = as_json("buergerdraht.ingest", "event.kept event=%s", 7, exc_info=sys.exc_info())
    assert "Emine" not in json.dumps(line, ensure_ascii=False)
    assert "3920011" not in json.dumps(line)
    assert any("test_logs.py" in place for place in line["trace"])
    assert as_json("django.request", "Not Found: %s", "/auskunft/s3cret/", status_code=404)["text"] == "request failed, status 404"


def test_a_value_cannot_pose_as_time_or_level() -> None:
    line = as_json("buergerdraht.engine", "channel.owned level=%s time=%s", "debug", "never")
    assert line["level"] == "warning"
    assert line["time"] != "never"
