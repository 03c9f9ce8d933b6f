-- name: meet
-- Somebody wrote: both rows of the person locked, their window open, when they were last here, and the other keys known of the address.
with heard as (
  update contacts_address
  set last_inbound_at = greatest(last_inbound_at, %(at)s), state = case state when 'gone' then 'active' else state end
  where channel_id = %(channel)s and address_hash = %(hash)s
  returning *
),
seen as (
  update contacts_contact c set last_seen_at = greatest(c.last_seen_at, %(at)s) from heard where c.id = heard.contact_id returning c.*
)
select array(select alias_hash from contacts_addressalias alias where alias.address_id = heard.id), /*address*/, /*contact*/
from heard join seen on seen.id = heard.contact_id;

-- name: find
-- The address that has one of these keys, else the one that has it as another key: the first named key before the others.
select id
from (
  select id, array_position(%(hashes)s::bytea[], address_hash) as place
  from contacts_address where channel_id = %(channel)s and address_hash = any(%(hashes)s::bytea[])
  union all
  select address_id, 1000 + array_position(%(hashes)s::bytea[], alias_hash)
  from contacts_addressalias where channel_id = %(channel)s and alias_hash = any(%(hashes)s::bytea[])
) found
order by place limit 1;

-- name: make
-- A person and their address; nothing where the address was made by another process this moment.
with placed as (
  insert into contacts_address (
    organisation_id, contact_id, channel_id, address, address_hash, handle, state, no_newsletter, created_at)
  select %(organisation)s, nextval('contacts_contact_id_seq'), %(channel)s, %(address)s, %(hash)s, %(handle)s, 'active', false, %(at)s
  on conflict (channel_id, address_hash) do nothing
  returning contact_id
)
insert into contacts_contact (id, organisation_id, name, search, language, state, created_at)
select contact_id, %(organisation)s, %(name)s, %(search)s::bigint[], %(language)s, 'new', %(at)s from placed;
