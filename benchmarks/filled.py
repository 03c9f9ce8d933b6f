"""An authority after years: 100,000 contacts, a conversation with each, 1,000,000 messages, a broadcast sent to all of them.

Written by SQL into a database of its own, once per run; parts that look at it get a copy.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from django.db import connection
from django.test import Client

from benchmarks.population import broadcast, settle
from benchmarks.stage import Stage, run, value, without_indexes
from benchmarks.town import NEWS, channels, organisation
from buergerdraht.accounts.actions import join
from buergerdraht.accounts.models import Operator, Organisation, Role
from buergerdraht.broadcasts import sending
from buergerdraht.gateway import outbox
from buergerdraht.gateway.models import Channel

EACH = 10  # messages per conversation, every second one ours
CHANNELS = 5
TEXTS = 5_000
COMMON = """der die und in ich Sie ist nicht bitte wann wo wie bei für mit auf eine einen danke guten Tag morgen heute Termin Rathaus
Straße Müll Ausweis Antrag Öffnungszeiten"""
SYLLABLES = "ab bau berg brun dorf eck feld gar hau heim kar land leit markt nord ost platz quer rad schul stein tor ufer wald weg zug"
CONVERSATIONS = """
insert into conversations_conversation
  (id, organisation_id, contact_id, state, unread, last_text, last_kind, last_author, last_address_id, last_at, waiting_since, created_at)
select c.id, c.organisation_id, c.id, case when c.id %% 50 = 0 then 'open' when c.id %% 50 = 1 then 'bot' else 'closed' end,
       case when c.id %% 50 = 0 then 1 else 0 end, 'Danke, das hilft mir weiter.', 'text', 'citizen', c.id,
       now() - c.id %% 700 * interval '1 day', case when c.id %% 50 = 0 then now() - c.id %% 3000 * interval '1 minute' end, c.created_at
from contacts_contact c
"""
OUTBOUNDS = """
insert into gateway_outbound
  (id, organisation_id, channel_id, address, address_hash, content_id, purpose, priority, state, reason, details, tries, parts_total,
   parts_done, claimed_by, receipt, accepted_at, delivered_at, read_at, finished_at, created_at)
select %(first)s + (a.id - 1) * %(each)s + n, a.organisation_id, a.channel_id, a.address, a.address_hash, %(content)s, 'reply', 1,
       'accepted', '', '', 0, 1, 1, '', 'read', d.at, d.at, d.at, d.at, d.at
from contacts_address a, generate_series(1, %(each)s) n,
     lateral (select now() - a.id %% 700 * interval '1 day' - n * interval '1 hour' as at) d
"""
MESSAGES = """
insert into conversations_message
  (organisation_id, conversation_id, author, channel_id, external_id, kind, text, data, quote, reaction, outbound_id, at, created_at)
select a.organisation_id, a.id, case when n %% 2 = 1 then 'citizen' when n %% 4 = 0 then 'bot' else 'operator' end, a.channel_id,
       case when n %% 2 = 1 then 'wamid.past' || a.id || '.' || n end, 'text', t.text, '{}', '', '',
       case when n %% 2 = 0 then %(first)s + (a.id - 1) * %(ours)s + n / 2 end, d.at, d.at
from contacts_address a, generate_series(1, %(each)s) n
join bench_texts t on true, lateral (select now() - a.id %% 700 * interval '1 day' - (%(each)s - n) * interval '1 hour' as at) d
where t.number = (a.id * 7919 + n * 104729) %% %(texts)s
"""
TRAFFIC = """
insert into gateway_traffic (channel_id, at, direction, what, count, status, milliseconds, details)
select (%s::bigint[])[1 + n %% 5], now() - n * interval '10 seconds', 'out', 'POST messages', 1, '200', 80, ''
from generate_series(1, 20000) n
"""
ARRIVED = """
update gateway_outbound set state = 'accepted', parts_total = 1, parts_done = 1,
       receipt = (array['delivered', 'read', 'sent'])[1 + id %% 3], accepted_at = now(), finished_at = now(),
       delivered_at = now()
where batch = %s
"""
TABLES = """contacts_contact, contacts_address, conversations_conversation, conversations_message, gateway_outbound,
broadcasts_recipient, gateway_traffic"""


def fill(people: int) -> None:
    owner = organisation()
    made = channels(owner, CHANNELS, "", state="paused")
    topics = settle(owner, made, people, {"alle": people})
    _talks(owner)
    run(TRAFFIC, [channel.pk for channel in made])
    row = broadcast(owner, topics["alle"])
    sending.round_of_all()
    run(ARRIVED, row.pk)
    sending.round_of_all()
    _employ(owner)
    _check(made, people)
    run(f"analyze {TABLES}")


def stage(people: int) -> Stage:
    return Stage(pattern=f"filled {people}", prepare=lambda: fill(people))


def _talks(owner: Organisation) -> None:
    _texts()
    content = outbox.store(owner, NEWS).pk
    first = int(value("select coalesce(max(id), 0) from gateway_outbound"))
    values = {"first": first, "each": EACH // 2, "content": content}
    run(CONVERSATIONS)
    with without_indexes("gateway_outbound", "conversations_message"), connection.cursor() as cursor:
        cursor.execute(OUTBOUNDS, values)
        cursor.execute(MESSAGES, {"first": first, "each": EACH, "ours": EACH // 2, "texts": TEXTS})
    for table in ("conversations_conversation", "gateway_outbound"):
        run(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")  # noqa: S608 - our own names
    run("drop table bench_texts")
    run(f"vacuum {TABLES}")


def _texts() -> None:
    """Sentences of frequent words, and of rarer ones made from syllables; always the same ones."""
    chance = random.Random(7)
    common = COMMON.split()
    rare = sorted({"".join(chance.choices(SYLLABLES.split(), k=chance.randint(2, 4))) for _ in range(3_000)})
    run("create table bench_texts (number int primary key, text text)")
    with connection.cursor() as cursor, cursor.copy("copy bench_texts from stdin") as copy:
        for number in range(TEXTS):
            said = [chance.choice(common if chance.random() < 0.7 else rare) for _ in range(chance.randint(4, 20))]
            if number == 0:
                said.append("Nashornausstellung")  # the word nobody else says
            copy.write_row((number, " ".join(said)))


def _employ(owner: Organisation) -> None:
    operator = Operator.objects.create_user("messung@musterstadt.example", None, name="Maria Messung")
    join(owner, operator, [Role.ADMINISTRATOR.value, Role.AGENT.value, Role.EDITOR.value, Role.APPROVER.value])


def _check(made: Sequence[Channel], people: int) -> None:
    messages, sent = value("select count(*) from conversations_message"), value("select count(*) from broadcasts_recipient")
    if messages < people * EACH or sent != people:
        raise RuntimeError(f"Statt {people * EACH} Nachrichten und {people} Empfängern stehen {messages} und {sent} in der Datenbank.")


def signed_in() -> dict[str, str]:
    """The cookies of an operator who may see everything."""
    client = Client()
    client.force_login(Operator.objects.get(), backend="allauth.account.auth_backends.AuthenticationBackend")
    return {name: morsel.value for name, morsel in client.cookies.items()} | {"csrftoken": "b" * 32}
