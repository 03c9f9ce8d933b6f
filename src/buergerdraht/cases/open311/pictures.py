"""Pictures that come with a call: as files of a multipart body, as base64 in `media`, or behind a link (`media_url`).

A link is somebody else's word: it is fetched only from public addresses by https, once, bounded, without following it elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils.translation import gettext as _

from buergerdraht.accounts.models import Organisation
from buergerdraht.cases import web_form
from buergerdraht.cases.open311.calls import Call, Refused
from buergerdraht.cases.open311.shapes import clean
from buergerdraht.cases.report import MOST_PHOTOS
from buergerdraht.cases.web_form import LARGEST, Speaker
from buergerdraht.connectors.public import Networks
from buergerdraht.gateway import outward
from buergerdraht.gateway.models import Media
from buergerdraht.wording.voice import spoken

NETWORKS: Networks = ()  # public addresses alone: no inner one may be named by somebody outside
MOST_LINKS = 3
SECONDS = 10.0


def uploaded(call: Call) -> list[UploadedFile[Any]]:
    """Take the files of a call, whatever their fields are called. Raises Refused."""
    files = [each for name in call.request.FILES for each in call.request.FILES.getlist(name)]
    files = [each for each in files if each.size]
    for said in call.asked.getlist("media"):
        if said.strip():
            files.append(_decoded(said))
    return files


def _decoded(said: str) -> UploadedFile[Any]:
    text = said.partition("base64,")[2] if said.startswith("data:") else said
    try:
        return SimpleUploadedFile("media", base64.b64decode("".join(text.split()), validate=True))
    except (binascii.Error, ValueError):
        raise Refused(400, _("media ist weder eine Datei noch base64.")) from None


def links(call: Call) -> list[str]:
    """Read the addresses of pictures. Raises Refused where one may not be called."""
    said = [clean(each).strip() for name in ("media_url", "media_url[]") for each in call.asked.getlist(name)]
    found = list(dict.fromkeys(each for each in said if each))
    if len(found) > MOST_LINKS:
        raise Refused(400, _("Höchstens %(most)s media_url auf einmal.") % {"most": MOST_LINKS})
    for each in found:
        try:
            outward.refuse(each, NETWORKS)
        except outward.Undelivered:
            raise Refused(400, _("media_url ist keine öffentliche https-Adresse.")) from None
    return found


def fetched(found: Sequence[str]) -> list[UploadedFile[Any]]:
    """Fetch what is behind the links. Raises Refused where it is not to be had: the report can be sent without."""
    return [_fetch(each) for each in found]


def _fetch(link: str) -> UploadedFile[Any]:
    try:
        heard = outward.ask(outward.Ask("GET", link, {"Accept": "image/*"}, b"", SECONDS, LARGEST), NETWORKS)
    except outward.Undelivered:
        heard = None
    if heard is None or heard.status != 200 or not heard.body:
        raise Refused(400, _("Unter media_url ist kein Bild zu bekommen. Senden Sie es als Datei, oder melden Sie ohne Bild."))
    return SimpleUploadedFile("media", heard.body)


def keep(house: Organisation, files: Sequence[UploadedFile[Any]]) -> list[Media]:
    """Store them, all or none, without what they tell of place and time. Raises Refused."""
    try:
        return web_form.keep(Speaker(house, spoken()), files)
    except ValidationError as problem:
        raise Refused(400, *problem.messages) from None


def prints(files: Sequence[UploadedFile[Any]]) -> list[str]:
    """What tells pictures apart, for knowing the same call again."""
    if len(files) > MOST_PHOTOS:
        raise Refused(400, _("Höchstens %(most)s Bilder auf einmal.") % {"most": MOST_PHOTOS})
    found = []
    for each in files:
        found.append(hashlib.sha256(each.read()).hexdigest())
        each.seek(0)
    return found
