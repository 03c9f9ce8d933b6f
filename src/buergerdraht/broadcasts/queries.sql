-- name: freeze
-- The audience of this moment, in pieces: a few hundred rows for a million people.
with made as (
  insert into broadcasts_piece (broadcast_id, channel_id, addresses, contacts, size)
  select %s, channel_id, array_agg(id), array_agg(contact_id), count(*)
  from (select chosen.*, (row_number() over () - 1) / %s as number from (/*chosen*/) as chosen(id, contact_id, channel_id)) numbered
  group by number, channel_id
  order by number, channel_id
  returning size
)
select coalesce(sum(size), 0) from made;

-- name: chosen
-- The people of some pieces, in the order of the freeze.
select u.address_id, u.contact_id, p.channel_id, row_number() over (order by p.id, u.place) as position
from broadcasts_piece p cross join unnest(p.addresses, p.contacts) with ordinality as u(address_id, contact_id, place)
where p.broadcast_id = %s and p.id = any(%s)

-- name: elsewhere
-- Who has a place of their own in the broadcast.
select contact_id from broadcasts_recipient where broadcast_id = /*broadcast*/
union all
select unnest(contacts) from broadcasts_piece where broadcast_id = /*broadcast*/

-- name: record
-- What became of each person, as it was judged and queued.
insert into broadcasts_recipient (broadcast_id, contact_id, channel_id, language, outbound_id, refused)
select /*broadcast*/, contact_id, channel_id, language, outbound_id, reason from answer order by position

-- name: cancel_piece
-- People of a stopped broadcast whose letters were not queued: they get nothing, and the ledger says so.
with piece as (delete from broadcasts_piece where id = %(piece)s and broadcast_id = %(broadcast)s returning *)
insert into broadcasts_recipient (broadcast_id, contact_id, channel_id, language, refused)
select piece.broadcast_id, case when a.contact_id = p.contact_id then p.contact_id end, piece.channel_id, %(language)s, 'cancelled'
from piece
cross join unnest(piece.addresses, piece.contacts) as p(address_id, contact_id)
left join contacts_address a on a.id = p.address_id;

-- name: count
-- How many stand on each step, by channel and reason, and how many of them came there by another way: those still in pieces, the
-- refused, and the letters.
select channel_id, case when %(stopped)s then 'refused' else 'waiting' end as step,
       case when %(stopped)s then 'cancelled' else '' end as reason, sum(size)::bigint, 0::bigint
from broadcasts_piece where broadcast_id = %(broadcast)s group by channel_id
union all
select channel_id, step, reason, count(*), count(*) filter (where relays > 0)
from (select r.channel_id, r.relays,
             case when r.refused <> '' then 'refused'
                  when o.state in ('sending', 'doubt') then 'sending'
                  when o.state = 'accepted' and o.receipt in ('delivered', 'read', 'failed') then o.receipt
                  when o.state = 'queued' and %(ended)s then 'cancelled'
                  else coalesce(o.state, 'failed') end as step,
             case when r.refused <> '' then r.refused
                  when o.state = 'queued' and %(ended)s then 'cancelled'
                  else coalesce(o.reason, 'unknown') end as reason
      from broadcasts_recipient r left join gateway_outbound o on o.id = r.outbound_id
      where r.broadcast_id = %(broadcast)s) each
group by 1, 2, 3;
