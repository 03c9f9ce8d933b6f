-- name: thread
-- The thread a message arrives in, locked; the message an event made the first time, which hardly ever there is; and the newest
-- broadcast that may have reached the address before it wrote. Open and closed letters have an index each.
select (select m.id from conversations_message m where m.channel_id = %(channel)s and m.external_id = %(external)s),
       (select max(o.id)
        from (
          select id, batch, created_at, accepted_at from gateway_outbound
          where channel_id = %(channel)s and address_hash = %(hash)s and state in ('sending', 'doubt')
          union all
          select id, batch, created_at, accepted_at from gateway_outbound
          where channel_id = %(channel)s and address_hash = %(hash)s and state in ('accepted', 'unclear')
        ) o
        where o.batch is not null and o.created_at > %(since)s and (o.accepted_at is null or o.accepted_at <= %(at)s)),
       /*thread*/
from conversations_conversation thread where thread.contact_id = %(contact)s
for update of thread;

-- name: begin
-- A thread for somebody who has none yet.
insert into conversations_conversation (organisation_id, contact_id, state, unread, last_text, last_kind, last_author, created_at)
values (%(organisation)s, %(contact)s, 'bot', 0, '', '', '', %(at)s)
on conflict (contact_id) do nothing;

-- name: write
-- A message in its thread.
insert into conversations_message (
  organisation_id, conversation_id, author, operator_id, channel_id, address_id, external_id, kind, text, data, quote, reaction, outbound_id,
  broadcast, flags, fingerprint, at, created_at)
values (
  %(organisation_id)s, %(conversation_id)s, %(author)s, %(operator_id)s, %(channel_id)s, %(address_id)s, %(external_id)s, %(kind)s, %(text)s, %(data)s,
  %(quote)s, '', %(outbound_id)s, %(broadcast)s, %(flags)s, %(fingerprint)s, %(at)s, %(created_at)s)
returning id;

-- name: write_newest
-- A message in its thread, what the list shows of the thread since, and one more in the matter at hand.
with listed as (
  update conversations_conversation
  set state = %(state)s, closed_at = %(closed_at)s, operator_id = %(holder)s, unread = %(unread)s, waiting_since = %(waiting_since)s,
      broadcast = %(answered)s, last_address_id = %(last_address_id)s, last_text = %(last_text)s, last_kind = %(last_kind)s,
      last_author = %(last_author)s, last_at = %(last_at)s, snoozed_until = %(snoozed_until)s, stretch_id = %(stretch_id)s,
      due_at = %(due_at)s, warned_at = %(warned_at)s
  where id = %(conversation_id)s
), counted as (
  update conversations_stretch set received = received + 1 where id = %(counted)s
)
/*write*/

-- name: same_text
-- How many others sent the same text lately.
select count(distinct conversation_id) from conversations_message
where organisation_id = %(organisation)s and fingerprint = %(fingerprint)s and at > %(since)s and conversation_id <> %(here)s;
