"""Say whether anything of the house uses a file: by the tables themselves, so that a room made tomorrow is asked too.

Looked at are columns that point to a file, and lists of files' ids. Documents that name files (a broadcast's words) their rooms know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db.models import Model, UUIDField

from buergerdraht.gateway.models import Media, MediaUpload, Taken

OWN = frozenset({f"{Taken._meta.label}.media", f"{MediaUpload._meta.label}.media"})  # they say something of the file, and go with it


def used(media: Media, *, beside: Collection[str] = ()) -> bool:
    """Whether a row names this file in another column than these ("room.Table.column")."""
    columns = (found for found in _columns() if found[0] not in OWN and found[0] not in beside)
    return any(
        model._base_manager.filter(**{how: [media.pk] if how.endswith("__contains") else media.pk}).exists() for _, model, how in columns
    )


@cache
def _columns() -> tuple[tuple[str, type[Model], str], ...]:
    return tuple(_found())


def _found() -> Iterator[tuple[str, type[Model], str]]:
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields:
            label = f"{model._meta.label}.{field.name}"
            if field.related_model is Media:
                yield label, model, field.name
            elif isinstance(field, ArrayField) and isinstance(field.base_field, UUIDField):
                yield label, model, f"{field.name}__contains"
