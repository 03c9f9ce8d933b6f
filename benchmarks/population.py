"""Citizens by the hundred thousand: contacts, addresses and subscriptions as signing up leaves them, written by SQL.

Names and numbers are sealed with the installation's key as always, but only a thousand of each are made and shared; what finds a
row (the address's hash, the search keys) is right for everyone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from django.db import connection

from benchmarks.stage import run, value, without_indexes
from benchmarks.town import NEWS
from buergerdraht.accounts import vault
from buergerdraht.accounts.models import Organisation
from buergerdraht.broadcasts.models import Broadcast
from buergerdraht.connectors.contract import to_json
from buergerdraht.contacts import crowds, finding
from buergerdraht.contacts.models import Topic
from buergerdraht.gateway.models import Channel

FIRST = (
    "Anna",
    "Ben",
    "Clara",
    "David",
    "Emine",
    "Finn",
    "Greta",
    "Hasan",
    "Ida",
    "Jonas",
    "Kira",
    "Lena",
    "Mehmet",
    "Nora",
    "Omar",
    "Paula",
)
LAST = (
    "Albers",
    "Becker",
    "Çelik",
    "Dietrich",
    "Engel",
    "Fischer",
    "Groß",
    "Hartmann",
    "Ivanova",
    "Jäger",
    "Köhler",
    "Lehmann",
    "Müller",
    "Nowak",
)
SHARED = 1_000
CONTACTS = """
insert into contacts_contact (id, organisation_id, name, search, language, state, created_at, last_seen_at)
select %(first)s + n, %(organisation)s, s.name, s.search, 'de', 'active', now() - n %% 700 * interval '1 day', now() - interval '1 hour'
from generate_series(1, %(count)s) n join bench_shared s on s.number = n %% %(shared)s
"""
ADDRESSES = """
insert into contacts_address
  (id, organisation_id, contact_id, channel_id, address, address_hash, handle, state, no_newsletter, last_inbound_at, created_at)
select %(first)s + n, %(organisation)s, %(first)s + n, (%(channels)s::bigint[])[1 + n %% array_length(%(channels)s::bigint[], 1)],
       s.address, sha256(('address ' || %(first)s + n)::bytea), s.address, 'active', false, now() - interval '1 hour', now()
from generate_series(1, %(count)s) n join bench_shared s on s.number = n %% %(shared)s
"""
SUBSCRIPTIONS = """
insert into contacts_subscription (organisation_id, contact_id, topic_id, address_id, confirmed_at, created_at)
select %(organisation)s, %(first)s + n, %(topic)s, %(first)s + n, now(), now() from generate_series(1, %(count)s) n
"""


def settle(owner: Organisation, channels: Sequence[Channel], count: int, wanted: Mapping[str, int]) -> dict[str, Topic]:
    """Let so many people move in, spread over the channels. `wanted` says how many of them want each topic. Returns the topics."""
    _share(owner)
    first = int(value("select greatest((select max(id) from contacts_contact), (select max(id) from contacts_address), 0)"))
    values = {
        "first": first,
        "organisation": owner.pk,
        "count": count,
        "shared": SHARED,
        "channels": [channel.pk for channel in channels],
    }
    topics = {key: Topic.objects.create(organisation=owner, key=key, title={"de": key.capitalize()}) for key in wanted}
    with without_indexes("contacts_contact", "contacts_address", "contacts_subscription"), connection.cursor() as cursor:
        cursor.execute(CONTACTS, values)
        cursor.execute(ADDRESSES, values)
        for key, people in wanted.items():
            cursor.execute(SUBSCRIPTIONS, values | {"count": people, "topic": topics[key].pk})
        for table in ("contacts_contact", "contacts_address"):
            cursor.execute("select setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, first + count])
    run("drop table bench_shared")
    run("vacuum analyze contacts_contact, contacts_address, contacts_subscription")
    crowds.renew_due()  # as the worker does every few minutes
    return topics


def _share(owner: Organisation) -> None:
    names = [f"{first} {last}" for first, last in product(FIRST, LAST)]
    run("create table bench_shared (number int primary key, name bytea, search bigint[], address bytea)")
    with connection.cursor() as cursor, cursor.copy("copy bench_shared from stdin") as copy:
        for number in range(SHARED):
            name, phone = names[number % len(names)], f"+49{1_520_000_000 + number}"
            copy.write_row((number, vault.encrypt(name), finding.keys(owner.pk, name, [phone]), vault.encrypt(phone)))


def broadcast(owner: Organisation, topic: Topic, *, state: str = "approved") -> Broadcast:
    """A broadcast to everyone who wants a topic, released."""
    return Broadcast.objects.create(
        organisation=owner, title="Der Wochenmarkt zieht um", state=state, versions={"de": to_json(NEWS)}, audience={"topics": [topic.pk]}
    )
