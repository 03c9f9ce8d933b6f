-- name: cases
-- People whom a broadcast did not reach, each with their other ways in turn: as they ordered them, else where they wrote last.
select r.id, r.contact_id, r.channel_id, r.outbound_id,
       case when r.refused <> '' then r.refused
            when o.state = 'failed' or o.receipt = 'failed' then coalesce(nullif(o.reason, ''), 'not_reachable')
            when r.contact_id = any(%(everywhere)s::bigint[]) then 'chosen'
            when o.state = 'queued' then 'unavailable' when o.state = 'unclear' then 'unclear' else 'undelivered' end as reason,
       coalesce(o.state, ''), next.addresses, next.ways
from broadcasts_recipient r
left join gateway_outbound o on o.id = r.outbound_id
cross join lateral (
  select array_agg(a.id order by y.position nulls last, a.last_inbound_at desc nulls last, a.id) as addresses,
         array_agg(a.channel_id order by y.position nulls last, a.last_inbound_at desc nulls last, a.id) as ways
  from contacts_address a
  left join contacts_way y on y.address_id = a.id and y.contact_id = a.contact_id and y.kind = %(kind)s
  where a.contact_id = r.contact_id and a.state = 'active' and a.channel_id = any(%(running)s) and a.channel_id <> r.channel_id
    and not exists (select from contacts_relay x where x.message = r.id and x.channel_id = a.channel_id)
    and (y.id is not null or not exists (select from contacts_way z where z.contact_id = a.contact_id and z.kind = %(kind)s))
) next
where r.broadcast_id = %(broadcast)s and r.id > %(after)s and r.contact_id is not null and next.addresses is not null
  and (r.refused = any(%(reasons)s)
       or (o.state = 'failed' and o.reason = any(%(reasons)s))
       or (o.state = 'accepted' and o.receipt = 'failed')
       or (%(urgent)s and o.state = 'accepted' and o.receipt in ('', 'sent') and o.channel_id = any(%(telling)s)
           and o.accepted_at < %(silent)s)
       or (%(urgent)s and o.state = 'unclear')
       or (r.contact_id = any(%(everywhere)s::bigint[]) and o.state <> 'cancelled' and o.state <> 'failed')
       or (%(urgent)s and o.state = 'queued' and o.parts_done = 0
           and ((o.channel_id = any(%(standing)s) and o.created_at < %(still)s) or (o.tries > 0 and o.created_at < %(silent)s))))
order by r.id
limit %(limit)s
for update of r skip locked;

-- name: chosen
-- The next ways, in the order they were found.
select * from unnest(%s::bigint[], %s::bigint[], %s::bigint[]) with ordinality as c(address_id, contact_id, channel_id, position)

-- name: record
-- Each recipient stands from now on where its newest letter stands; where none could be queued after all, where it stood.
update broadcasts_recipient r
set outbound_id = answer.outbound_id, channel_id = answer.channel_id, language = answer.language, refused = answer.reason, relays = r.relays + 1
from answer
where r.id = (array[/*recipients*/]::bigint[])[answer.position] and answer.reason = ''

-- name: arrived
-- People whose earlier letter came after all, though it was given up: they stand on a letter that did not arrive or waits.
select distinct on (r.id) r.id, x.channel_id, x.outbound_id,
       case when o.state = 'queued' and r.contact_id <> all(%(everywhere)s::bigint[]) then o.id end
from broadcasts_recipient r
join contacts_relay x on x.message = r.id
join gateway_outbound first on first.id = x.outbound_id and first.receipt in ('delivered', 'read')
left join gateway_outbound o on o.id = r.outbound_id
where r.broadcast_id = %(broadcast)s and r.relays > 0
  and (r.refused <> '' or o.state in ('queued', 'failed', 'cancelled') or (o.state = 'accepted' and o.receipt = 'failed')
       or (r.contact_id = any(%(everywhere)s::bigint[]) and o.receipt in ('', 'sent')))
order by r.id, x.id;

-- name: leave
-- The way they leave counts as tried: nothing goes there a second time.
insert into contacts_relay (organisation_id, contact_id, message, channel_id, outbound_id, reason, at)
select %(organisation)s, r.contact_id, r.id, r.channel_id, r.outbound_id, 'second', now()
from broadcasts_recipient r where r.id = any(%(recipients)s::bigint[]) and r.contact_id is not null
on conflict do nothing;

-- name: stand_again
-- They stand again where they were reached.
update broadcasts_recipient r set outbound_id = b.outbound, channel_id = b.channel, refused = '', relays = 0
from unnest(%(recipients)s::bigint[], %(channels)s::bigint[], %(outbounds)s::bigint[]) as b(recipient, channel, outbound)
where r.id = b.recipient;
