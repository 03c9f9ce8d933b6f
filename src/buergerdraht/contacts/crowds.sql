-- name: renew
-- Crowds of the contacts who subscribed on one address, by the rules of `audience`; and the numbers of those who did on several.
with person as materialized (
  select contact_id, min(address_id) as address_id, min(address_id) <> max(address_id) as several,
         array_agg(topic_id order by topic_id) as topics
  from contacts_subscription
  where organisation_id = %(organisation)s and confirmed_at is not null
  group by contact_id
),
crowd as (
  insert into contacts_crowd (organisation_id, topics, channel_id, language, district_id, number)
  select c.organisation_id, p.topics, a.channel_id, c.language, c.district_id, count(*)
  from person p
  join contacts_address a on a.id = p.address_id and a.organisation_id = %(organisation)s and a.state = 'active' and not a.no_newsletter
  join contacts_contact c on c.id = a.contact_id and c.state = 'active' and (c.paused_until is null or c.paused_until <= %(now)s)
  where not p.several
  group by 1, 2, 3, 4, 5
)
select contact_id from person where several;

-- name: renew_urgent
-- Crowds of everybody who may be warned, each on the first of their ways by the rules of `audience.warned`; `further`: with another.
with person as materialized (
  select contact_id, array_agg(distinct topic_id order by topic_id) as topics, array_agg(distinct address_id) as addresses
  from contacts_subscription
  where organisation_id = %(organisation)s and confirmed_at is not null
  group by contact_id
),
chosen as materialized (
  select distinct y.contact_id from contacts_way y
  join contacts_address a on a.id = y.address_id and a.organisation_id = %(organisation)s and a.state = 'active'
  where y.kind = 'alert'
),
reached as (
  select a.contact_id, p.topics, count(distinct a.channel_id) > 1 as further,
         (array_agg(a.channel_id order by case when c.state = 'running' then 0 else 1 end, y.position nulls last,
                    a.id = any(p.addresses) desc, a.last_inbound_at desc, a.id))[1] as channel_id
  from person p
  join contacts_address a on a.contact_id = p.contact_id and a.organisation_id = %(organisation)s and a.state = 'active'
    and not a.no_newsletter and a.channel_id = any(%(open)s)
  join gateway_channel c on c.id = a.channel_id
  left join chosen on chosen.contact_id = a.contact_id
  left join contacts_way y on y.address_id = a.id and y.contact_id = a.contact_id and y.kind = 'alert'
  where chosen.contact_id is null or y.id is not null
  group by a.contact_id, p.topics
)
insert into contacts_crowd (organisation_id, urgent, topics, channel_id, language, district_id, number, further)
select c.organisation_id, true, r.topics, r.channel_id, c.language, c.district_id, count(*), count(*) filter (where r.further)
from reached r
join contacts_contact c on c.id = r.contact_id and c.state = 'active' and (c.paused_until is null or c.paused_until <= %(now)s)
group by c.organisation_id, r.topics, r.channel_id, c.language, c.district_id;
