from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models, transaction
from django.db.models import Q

PIECE = 1000


def settle(apps, schema_editor):
    """Those whose original is gone have nothing left to seal: in pieces, so that nobody waits."""
    Photo = apps.get_model("cases", "Photo")
    gone = Photo.objects.filter(Q(media=None) | Q(media__state__in=["deleted", "failed"]), sealed=False)
    last = 0
    while page := list(gone.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:PIECE]):
        with transaction.atomic():
            Photo.objects.filter(pk__in=page).update(sealed=True)
        last = page[-1]


def made_anew(index):
    """The index without a lock; one that an interrupted run left half made goes first."""
    drop = migrations.RunSQL(f"drop index concurrently if exists {index.name}", migrations.RunSQL.noop)
    return [drop, AddIndexConcurrently("photo", index)]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("cases", "0004_photo_pauses")]

    operations = [
        migrations.RunPython(settle, migrations.RunPython.noop, atomic=False, elidable=True),
        *made_anew(models.Index(fields=["looks_at", "id"], name="case_photo_look", condition=Q(state="waiting"))),
        *made_anew(models.Index(fields=["seals_at", "id"], name="case_photo_seal", condition=Q(sealed=False, media__isnull=False))),
        RemoveIndexConcurrently("photo", "case_photo_waits"),
        RemoveIndexConcurrently("photo", "case_photo_open"),
    ]
