"""The only writer of own texts."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts import audit
from buergerdraht.accounts.models import Operator, Organisation
from buergerdraht.wording.models import OwnText


@transaction.atomic
def put(organisation: Organisation, language: str, texts: Mapping[tuple[str, str], str], *, operator: Operator | None) -> int:
    """Keep checked texts by shelf and key; an empty one gives ours back. Returns how many differ from what was there."""
    locked = Organisation.objects.select_for_update().get(pk=organisation.pk)
    rows = OwnText.objects.filter(organisation=locked, language=language)
    there = {(shelf, key): text for shelf, key, text in rows.values_list("shelf", "key", "text")}
    changed = {place: text for place, text in texts.items() if there.get(place, "") != text}
    if not changed:
        return 0
    kept = [
        OwnText(organisation=locked, language=language, shelf=shelf, key=key, text=text) for (shelf, key), text in changed.items() if text
    ]
    OwnText.objects.bulk_create(
        kept, update_conflicts=True, update_fields=["text"], unique_fields=["organisation", "language", "shelf", "key"]
    )
    for shelf, key in (place for place, text in changed.items() if not text):
        rows.filter(shelf=shelf, key=key).delete()
    locked.worded_at = organisation.worded_at = timezone.now()
    locked.save(update_fields=["worded_at"])  # a signal tells the public pages
    audit.record(
        organisation, "wording.put", operator=operator, subject=f"organisation:{locked.pk}", language=language,
        written=sorted("/".join(place) for place, text in changed.items() if text)[:100],
        ours_again=sorted("/".join(place) for place, text in changed.items() if not text)[:100],
    )  # fmt: skip
    return len(changed)
