"""Who asks for an account: some providers do not let every institution in."""

from __future__ import annotations

from typing import Literal

import msgspec


class Applicant(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of institution, and whether the provider lets it in: asked before a channel is set up."""

    id: str
    title: str
    verdict: Literal["yes", "ask", "no"] = "yes"
    text: str = ""
