"""What rooms above show beside a broadcast: they put their sections in here at the start, because this room knows none of them."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.safestring import SafeString

from buergerdraht.accounts.desk import DeskRequest
from buergerdraht.broadcasts.models import Broadcast

SECTIONS: list[Callable[[DeskRequest, Broadcast], SafeString]] = []
