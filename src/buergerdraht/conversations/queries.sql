-- name: known
-- The message an event made the first time; hardly ever there is one, and it is asked for every message.
select id from conversations_message where channel_id = %(channel)s and external_id = %(external)s;

-- name: newest_broadcast
-- The newest broadcast that may have reached an address before it wrote; asked for every message.
select o.id
from gateway_outbound o
where o.channel_id = %(channel)s and o.address_hash = %(hash)s and o.batch is not null
  and o.state in ('accepted', 'sending', 'doubt', 'unclear')
  and o.created_at > %(since)s and (o.accepted_at is null or o.accepted_at <= %(at)s)
order by o.id desc
limit 1;
