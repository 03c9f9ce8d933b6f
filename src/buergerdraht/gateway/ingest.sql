-- name: with_news
-- Channels that have something to be handled in a lane. One probe of the index each: a backlog of one hides no other.
select c.id
from gateway_channel c
cross join lateral (
  select from gateway_inboundevent e
  where e.channel_id = c.id and e.lane = %(lane)s and e.state = 'new' and (e.retry_at is null or e.retry_at <= now())
  limit 1
) news
order by c.id;

-- name: channel
-- A channel with its organisation.
select /*channel*/, /*organisation*/
from gateway_channel c join accounts_organisation o on o.id = c.organisation_id where c.id = %(channel)s;

-- name: shards
-- Which shards of a channel have messages to be handled; those of one person before those of several.
select n.shard
from generate_series(0, %(shards)s) as n(shard)
where exists (
  select from gateway_inboundevent e
  where e.channel_id = %(channel)s and e.lane = 'message' and e.shard = n.shard and e.state = 'new' and (e.retry_at is null or e.retry_at <= now()))
order by n.shard = 0, n.shard;

-- name: pick
-- One person's next events in the order they came, as far as nothing of several people stands before them.
select e.id, e.source, e.body, e.tries, e.received_at
from gateway_inboundevent e
where e.channel_id = %(channel)s and e.lane = 'message' and e.shard = %(shard)s and e.state = 'new' and (e.retry_at is null or e.retry_at <= now())
  and e.id < coalesce((
    select min(m.id) from gateway_inboundevent m
    where m.channel_id = %(channel)s and m.lane = 'message' and m.shard = 0 and m.state = 'new' and (m.retry_at is null or m.retry_at <= now())),
    9223372036854775807)
order by e.id
limit %(limit)s;

-- name: pick_mixed
-- Events of several people, or of nobody: not before everything is handled that came earlier.
select e.id, e.source, e.body, e.tries, e.received_at
from gateway_inboundevent e
where e.channel_id = %(channel)s and e.lane = 'message' and e.shard = 0 and e.state = 'new' and (e.retry_at is null or e.retry_at <= now())
  and e.id < coalesce((
    select min(first.id) from generate_series(1, %(shards)s) as n(shard) cross join lateral (
      select p.id from gateway_inboundevent p
      where p.channel_id = %(channel)s and p.lane = 'message' and p.shard = n.shard and p.state = 'new' and (p.retry_at is null or p.retry_at <= now())
      order by p.id limit 1) first),
    9223372036854775807)
order by e.id
limit %(limit)s;

-- name: own
-- One hand per shard keeps a citizen's messages in order; the lock ends with the transaction.
select pg_try_advisory_xact_lock(%(locks)s, %(channel)s);

-- name: waiting
-- Earlier events that wait for their next try: what their senders wrote since waits with them. One that waits for its provider's answer
-- and can be read all the same is about to be handled.
select e.id, e.source, e.body, e.tries, e.received_at,
       case when e.problem = 'wanting' then least(e.retry_at, now() + interval '1 second') else e.retry_at end
from gateway_inboundevent e
where e.channel_id = %(channel)s and e.lane = 'message' and e.shard = any(%(shards)s::smallint[]) and e.state = 'new' and e.retry_at > now()
  and e.id <= %(last)s
order by e.id
limit 500;

-- name: share
-- Receipts of a channel that no other worker has in hand.
select e.id, e.source, e.body, e.tries, e.received_at
from gateway_inboundevent e
where e.channel_id = %(channel)s and e.lane = 'receipt' and e.shard = 0 and e.state = 'new' and (e.retry_at is null or e.retry_at <= now())
order by e.id
limit %(limit)s
for update skip locked;

-- name: see
-- Which of these items are handled for the first time (law 2).
insert into gateway_seen (channel_id, external_id, at)
select %(channel)s, external_id, now() from unnest(%(externals)s::text[]) as v(external_id)
on conflict do nothing
returning external_id;

-- name: seen
-- Which of these items were handled before.
select external_id from gateway_seen where channel_id = %(channel)s and external_id = any(%(externals)s::text[]);

-- name: unsee
-- These were not handled after all.
delete from gateway_seen where channel_id = %(channel)s and external_id = any(%(externals)s::text[]);

-- name: done
-- Handled without a word.
update gateway_inboundevent set state = 'done', problem = '', done_at = now() where id = any(%(ids)s::bigint[]);

-- name: applied
-- What a receipt said stands with the letter; its body has served.
delete from gateway_inboundevent where id = any(%(ids)s::bigint[]);

-- name: go_with_messages
-- What is no receipt after all, or cannot be read any more, goes with the messages.
update gateway_inboundevent set lane = 'message' where id = any(%(ids)s::bigint[]);

-- name: leave
-- Not handled, or not wholly: to be tried again, or kept for people.
update gateway_inboundevent
set state = %(state)s, problem = %(problem)s, tries = %(tries)s, retry_at = %(retry_at)s,
    done_at = case when %(state)s = 'kept' then now() end
where id = %(id)s;

-- name: put_off
-- Their provider must be asked first, or is away: that uses up no try.
update gateway_inboundevent set problem = 'wanting', retry_at = %(at)s where id = any(%(ids)s::bigint[]) and state = 'new';

-- name: found_out
-- What can be read now, and with a provider that answers everything that waits for it and was never asked for in vain.
update gateway_inboundevent set retry_at = null
where channel_id = %(channel)s and lane = 'message' and state = 'new' and problem = 'wanting' and retry_at > now()
  and (id = any(%(ids)s::bigint[]) or (%(all)s and tries = 0));

-- name: heard
-- The provider's last word, to the minute.
update gateway_channel set last_inbound_at = %(at)s
where id = %(channel)s and (last_inbound_at is null or last_inbound_at < %(at)s - interval '1 minute');

-- name: homeless
-- What came for a channel that is gone.
delete from gateway_inboundevent e
where e.state = 'new' and not exists (select from gateway_channel c where c.id = e.channel_id);
