-- name: figures
-- People subscribed on a channel, with another way and without; and those who went on elsewhere.
with people as (
  select distinct s.contact_id from contacts_subscription s join contacts_address a on a.id = s.address_id
  where s.organisation_id = %(organisation)s and a.channel_id = %(channel)s and s.confirmed_at is not null
), told as (
  select contact_id, exists (
    select from contacts_address o
    left join contacts_way y on y.address_id = o.id and y.contact_id = o.contact_id and y.kind = 'newsletter'
    where o.contact_id = people.contact_id and o.channel_id = any(%(others)s) and o.state = 'active' and not o.no_newsletter
      and (y.id is not null or not exists (select from contacts_way z where z.contact_id = o.contact_id and z.kind = 'newsletter'))) as other
  from people
)
select count(*) filter (where other), count(*) filter (where not other),
       (select count(distinct s.contact_id) from contacts_subscription s join contacts_address a on a.id = s.lost_id
        where s.organisation_id = %(organisation)s and a.channel_id = %(channel)s)
from told;

-- name: reroute
-- Subscriptions of some people go to their next way on a channel that runs: as they ordered them, else where they wrote last.
with people as (
  select s.contact_id, next.id as address_id
  from (select distinct s.contact_id from contacts_subscription s join contacts_address a on a.id = s.address_id
        where s.organisation_id = %(organisation)s and a.channel_id = %(channel)s and s.confirmed_at is not null) s
  cross join lateral (
    select o.id from contacts_address o
    left join contacts_way y on y.address_id = o.id and y.contact_id = o.contact_id and y.kind = 'newsletter'
    where o.contact_id = s.contact_id and o.channel_id = any(%(others)s) and o.state = 'active' and not o.no_newsletter
      and (y.id is not null or not exists (select from contacts_way z where z.contact_id = o.contact_id and z.kind = 'newsletter'))
    order by y.position nulls last, o.last_inbound_at desc nulls last, o.id limit 1) next
  order by s.contact_id
  limit %(limit)s
)
update contacts_subscription s set lost_id = s.address_id, address_id = people.address_id
from people, contacts_address a
where s.contact_id = people.contact_id and a.id = s.address_id and a.channel_id = %(channel)s and s.confirmed_at is not null
returning s.id;

-- name: bring_back
-- Subscriptions come back to where they were, if that address is still to be reached.
with people as (
  select distinct s.contact_id from contacts_subscription s join contacts_address a on a.id = s.lost_id
  where s.organisation_id = %(organisation)s and a.channel_id = %(channel)s and a.contact_id = s.contact_id and a.state = 'active'
  order by s.contact_id
  limit %(limit)s
)
update contacts_subscription s set address_id = s.lost_id, lost_id = null
from people, contacts_address a
where s.contact_id = people.contact_id and a.id = s.lost_id and a.contact_id = s.contact_id and a.channel_id = %(channel)s
returning s.id;
