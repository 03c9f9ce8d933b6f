-- name: enter
-- An engine lives, and takes channels. Shared, because a predecessor of the same connection may not be noticed as gone yet.
select pg_advisory_lock_shared(%(living)s, %(number)s), pg_advisory_lock_shared(%(taking)s, %(number)s);

-- name: retire
-- An engine that ends takes nothing more; it lives until its last call is written down.
select pg_advisory_unlock_shared(%(taking)s, %(number)s);

-- name: look
-- Who lives, who takes channels, and who owns which: all of it stands in PostgreSQL's table of locks.
select l.classid::bigint, l.objid::bigint, l.pid
from pg_locks l
where l.locktype = 'advisory' and l.objsubid = 2 and l.granted and l.classid in (%(owning)s, %(living)s, %(taking)s)
  and l.database = (select oid from pg_database where datname = current_database());

-- name: take
-- Own a channel, unless another does.
select pg_try_advisory_lock(%(owning)s, %(channel)s);

-- name: give
-- Own a channel no longer, and tell everybody.
select pg_advisory_unlock(%(owning)s, %(channel)s), pg_notify('channel', '');

-- name: owners
-- Which engine owns which channel, by the name it shows to PostgreSQL; for screens and alarms.
select l.objid::bigint as channel, coalesce(a.application_name, '') as engine, a.backend_start as since
from pg_locks l
left join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.objsubid = 2 and l.granted and l.classid = %(owning)s
  and l.database = (select oid from pg_database where datname = current_database());

-- name: orphans
-- Letters in flight that nobody watches: of engines that live no longer, and ours that we do not know.
select o.id, o.channel_id, o.purpose, o.tries
from gateway_outbound o
where o.channel_id = %(channel)s and o.state = 'sending' and o.id <> all(%(mine)s)
  and (o.claimed_by = %(engine)s or right(o.claimed_by, 8) not in (
    select lpad(to_hex(l.objid::bigint), 8, '0') from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2 and l.granted and l.classid = %(living)s
      and l.database = (select oid from pg_database where datname = current_database())))
order by o.id
limit 5000;
