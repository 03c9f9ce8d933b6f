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
