"""Modules beside these tests can be imported by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from buergerdraht.connectors import registry

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "faults"))


@pytest.fixture(autouse=True)
def _own_connectors() -> Iterator[None]:
    """Providers of a test's own are gone with it: other tests in this process know only those of the house."""
    known = dict(registry.CONNECTORS)
    yield
    registry.CONNECTORS.clear()
    registry.CONNECTORS.update(known)
