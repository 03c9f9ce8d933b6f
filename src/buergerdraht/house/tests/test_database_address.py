"""DATABASE_URL is read as PostgreSQL's own programs read it: one host, several, a folder."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from buergerdraht.settings import database


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ada:geheim@db1:5433/stadt", {"HOST": "db1", "PORT": "5433", "USER": "ada", "PASSWORD": "geheim", "NAME": "stadt"}),
        ("postgresql://ada@db1/stadt", {"HOST": "db1", "PORT": "", "PASSWORD": ""}),
        ("postgresql://ada@/stadt?host=/run/postgresql&port=5433", {"HOST": "/run/postgresql", "PORT": "5433", "USER": "ada"}),
        ("postgresql:///stadt", {"HOST": "", "PORT": "", "USER": "", "NAME": "stadt"}),
        ("postgresql://ada:a%40b%2Cc@db1,db2/stadt", {"HOST": "db1,db2", "PORT": "", "PASSWORD": "a@b,c"}),
        ("postgresql://ada@db1:5432,db2:5433/stadt", {"HOST": "db1,db2", "PORT": "5432,5433"}),
        ("postgresql://ada@[2001:db8::1]:5432/stadt", {"HOST": "2001:db8::1", "PORT": "5432"}),
    ],
)
def test_the_address_of_the_database_is_read(url: str, expected: dict[str, str]) -> None:
    assert database(url).items() >= expected.items()


def options(url: str) -> Any:
    return database(url)["OPTIONS"]


def test_of_several_hosts_the_one_that_writes_is_taken() -> None:
    assert options("postgresql://ada@db1,db2/stadt")["target_session_attrs"] == "read-write"
    assert "target_session_attrs" not in options("postgresql://ada@db1/stadt")


def test_a_dead_host_is_noticed_in_seconds_unless_the_address_says_otherwise() -> None:
    assert options("postgresql://ada@db1/stadt")["tcp_user_timeout"] == 3000
    assert options("postgresql://ada@db1/stadt?tcp_user_timeout=9000")["tcp_user_timeout"] == "9000"


def test_a_wrong_port_is_said() -> None:
    with pytest.raises(ImproperlyConfigured, match="Rechner:Port"):
        database("postgresql://ada@db1:viele/stadt")
