-- name: same
-- Is this the database we live in? A cluster's, a database's and a table's number never travel in a dump; what we noted of them does.
select identity = concat_ws(':', (select system_identifier from pg_control_system()),
                            (select oid from pg_database where datname = current_database()), 'gateway_home'::regclass::oid)
from gateway_home where id = 1;

-- name: settle
-- A new installation notes where it lives.
insert into gateway_home (id, identity, since)
values (1, concat_ws(':', (select system_identifier from pg_control_system()),
                     (select oid from pg_database where datname = current_database()), 'gateway_home'::regclass::oid), now())
on conflict do nothing;

-- name: accept
-- A restored or moved installation is at home here from now on.
insert into gateway_home (id, identity, since)
values (1, concat_ws(':', (select system_identifier from pg_control_system()),
                     (select oid from pg_database where datname = current_database()), 'gateway_home'::regclass::oid), now())
on conflict (id) do update set identity = excluded.identity, since = excluded.since;

-- name: open_contents
-- Which contents stand in letters that never came so far as to count their parts.
select distinct o.content_id, c.kind
from gateway_outbound o join gateway_channel c on c.id = o.channel_id
where o.state in ('queued', 'sending', 'doubt') and o.parts_total = 0;

-- name: count_parts
-- With its number of parts known, a late receipt can settle a letter.
update gateway_outbound o set parts_total = v.total
from unnest(%(contents)s::bigint[], %(kinds)s::text[], %(totals)s::int[]) as v(content_id, kind, total)
join gateway_channel c on c.kind = v.kind
where o.content_id = v.content_id and o.channel_id = c.id and o.state in ('queued', 'sending', 'doubt') and o.parts_total = 0;

-- name: doubt
-- What the copy calls open may have gone out after the backup: held and shown. What never was due cannot have gone.
update gateway_outbound
set state = 'unclear', reason = 'restored', details = '', claimed_by = '', finished_at = now()
where state in ('queued', 'sending', 'doubt') and purpose <> all(%(again)s)
  and not (state = 'queued' and tries = 0 and parts_done = 0 and not_before is not null and not_before > now())
returning purpose;

-- name: again
-- What shall go again although it may have gone already.
update gateway_outbound set state = 'queued', claimed_by = '', not_before = null
where state in ('sending', 'doubt') and purpose = any(%(again)s);

-- name: leap
-- Our tokens carry the letter's number; a receipt for a letter that was lost with the old database must not meet a new one.
select setval(pg_get_serial_sequence('gateway_outbound', 'id'),
              greatest((select coalesce(max(id), 0) from gateway_outbound), (select last_value from gateway_outbound_id_seq)) + %(leap)s);
