"""Pages that stay right while rows are added: by number, from where the last page ended. A cursor is opaque to whoever holds it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Schema
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field

from buergerdraht.accounts.rest.problems import Problem

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)
MOST = 200
BIGGEST = 2**63 - 1
CURSOR = re.compile(r"(asc|desc)\.([1-9][0-9]{0,18})")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")


def _writable(text: str) -> str:
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError(_("enthält Zeichen, die kein Text sind"))
    return text


def _spoken(value: Any) -> Any:
    if not isinstance(value, str | datetime) or (isinstance(value, str) and not MOMENT.match(value)):
        raise ValueError(_("Tag und Uhrzeit mit Zeitzone, z. B. 2026-11-29T08:00:00+01:00"))
    return value


def _near(moment: datetime) -> datetime:
    """Keep to times that every calendar on the way can write down, in UTC: the database knows no zone 20 hours away."""
    if not 1900 <= moment.year <= 2200:
        raise ValueError(_("ein Jahr zwischen 1900 und 2200"))
    return moment.astimezone(UTC)


Text = Annotated[str, AfterValidator(_writable)]
Number = Annotated[int, Field(ge=1, le=BIGGEST)]  # of a row, in an address line
Strict = Annotated[int, Field(ge=1, le=BIGGEST, strict=True)]  # of a row, in a body
Moment = Annotated[AwareDatetime, BeforeValidator(_spoken), AfterValidator(_near)]


class Wish(Schema):
    """A body: what is not asked for is a mistake."""

    model_config = ConfigDict(extra="forbid")


class Paging(Schema):
    """How every list is asked for."""

    cursor: Text = Field("", max_length=80, description="`next` of the page before; empty for the first page.")
    limit: int = Field(50, ge=1, le=MOST)
    order: Literal["asc", "desc"] = Field("asc", description="Oldest or newest first, by number.")


class Page(Schema, Generic[T]):
    """A page. `next` is the cursor of the following one, null on the last."""

    items: list[T]
    next: str | None


def page(request: HttpRequest, rows: QuerySet[Row], wanted: Paging, show: Callable[[Row], T]) -> dict[str, Any]:
    """Cut a page out of rows. What was there when the first page was asked for comes exactly once, whatever is added meanwhile.

    A filter that does not exist is refused: a slip in its name would list everything.
    """
    refuse_unknown(request, wanted)
    after = _after(wanted)
    if after is not None:
        rows = rows.filter(**{"pk__gt" if wanted.order == "asc" else "pk__lt": after})
    found = list(rows.order_by("pk" if wanted.order == "asc" else "-pk")[: wanted.limit + 1])
    more, found = len(found) > wanted.limit, found[: wanted.limit]
    return {"items": [show(row) for row in found], "next": _cursor(wanted.order, found[-1].pk) if more else None}


def refuse_unknown(request: HttpRequest, wanted: Schema) -> None:
    """Refuse filters that do not exist."""
    if unknown := sorted(set(request.GET) - set(type(wanted).model_fields)):
        raise Problem(422, errors=[{"field": name[:40], "detail": _("gibt es hier nicht")} for name in unknown[:10]])


def _cursor(order: str, number: int) -> str:
    return base64.urlsafe_b64encode(f"{order}.{number}".encode()).decode().rstrip("=")


def _after(wanted: Paging) -> int | None:
    if not wanted.cursor:
        return None
    try:
        text = base64.b64decode(wanted.cursor + "=" * (-len(wanted.cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, UnicodeError, ValueError):
        text = ""
    found = CURSOR.fullmatch(text)
    if found is None or found[1] != wanted.order or int(found[2]) > BIGGEST:
        raise Problem(422, errors=[{"field": "cursor", "detail": _("gehört nicht zu dieser Liste")}])
    return int(found[2])
