-- name: known
-- The message an event made the first time; hardly ever there is one, and it is asked for every message.
select id from conversations_message where channel_id = %(channel)s and external_id = %(external)s;

-- name: newest_broadcast
-- The newest broadcast that may have reached an address before it wrote; asked for every message. Open and closed letters have an index each.
select max(o.id)
from (
  select id, batch, created_at, accepted_at from gateway_outbound
  where channel_id = %(channel)s and address_hash = %(hash)s and state in ('sending', 'doubt')
  union all
  select id, batch, created_at, accepted_at from gateway_outbound
  where channel_id = %(channel)s and address_hash = %(hash)s and state in ('accepted', 'unclear')
) o
where o.batch is not null and o.created_at > %(since)s and (o.accepted_at is null or o.accepted_at <= %(at)s);
