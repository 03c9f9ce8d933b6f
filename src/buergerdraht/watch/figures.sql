-- name: queue
-- How long the queue of each channel is (counted up to a cap), how much of it is held or being cancelled, what is in flight,
-- and since when the oldest letter waits that could go now. A lane is a channel's letters of one batch, or those of none.
-- "between x and x" and the order of outbound_queue: with "= x", by id, the planner may walk the primary key through all that was sent.
select c.id,
  (select count(*) from (select from gateway_outbound o where o.channel_id = c.id and o.state = 'queued' limit %(cap)s) waiting) as queued,
  apart.held, apart.stopped,
  (select count(*) from (
     select from gateway_outbound o where o.channel_id = c.id and o.state in ('sending', 'doubt') limit %(cap)s) flying) as flying,
  (select min(due.created_at)
   from (values (0), (1), (2), (5)) as level(priority)
   cross join lateral (
     select head.created_at from (
       select o.created_at, o.not_before from gateway_outbound o
       where o.channel_id = c.id and o.batch is null and o.priority between level.priority and level.priority and o.state = 'queued'
       order by o.batch, o.priority, o.id limit 100) head
     where head.not_before is null or head.not_before <= %(now)s limit 1) due) as oldest,
  (select min(due.created_at)
   from gateway_batch b
   cross join (values (0), (1), (2), (4), (5)) as level(priority)
   cross join lateral (
     select head.created_at from (
       select o.created_at, o.not_before from gateway_outbound o
       where o.channel_id = c.id and o.batch = b.id and o.priority between level.priority and level.priority
         and o.state = 'queued'
       order by o.batch, o.priority, o.id limit 100) head
     where head.not_before is null or head.not_before <= %(now)s limit 1) due
   where b.organisation_id = c.organisation_id and b.state = 'open') as oldest_of_batches
from gateway_channel c
cross join lateral (
  select coalesce(sum(lane.number) filter (where lane.state in ('held', 'resting')), 0) as held,
         coalesce(sum(lane.number) filter (where lane.state = 'stopped'), 0) as stopped
  from (select b.state, (select count(*) from (
          select from gateway_outbound o where o.channel_id = c.id and o.batch = b.id and o.state = 'queued' limit %(cap)s) one) as number
        from gateway_batch b where b.organisation_id = c.organisation_id and b.state in ('held', 'resting', 'stopped')) lane) apart
where c.organisation_id = any(%(organisations)s);

-- name: tally
-- Write down each channel's minutes: accepted, how many of these were delivered since, failed. Again for the same minutes: the same.
insert into watch_minute as m (channel_id, at, accepted, delivered, failed, queued)
select coalesce(a.channel_id, f.channel_id), coalesce(a.at, f.at), coalesce(a.accepted, 0), coalesce(a.delivered, 0), coalesce(f.failed, 0), 0
from (
  select o.channel_id, date_trunc('minute', o.finished_at) as at, count(*) as accepted, count(o.delivered_at) as delivered
  from gateway_outbound o
  where o.finished_at >= %(since)s and o.finished_at < %(until)s and o.accepted_at is not null group by 1, 2) a
full join (
  select c.id as channel_id, date_trunc('minute', o.finished_at) as at, count(*) as failed
  from gateway_channel c join gateway_outbound o
    on o.channel_id = c.id and o.state = 'failed' and o.finished_at >= %(since)s and o.finished_at < %(until)s group by 1, 2) f
  on f.channel_id = a.channel_id and f.at = a.at
where exists (select from gateway_channel c where c.id = coalesce(a.channel_id, f.channel_id))
on conflict (channel_id, at) do update set accepted = excluded.accepted, delivered = excluded.delivered, failed = excluded.failed;

-- name: tally_queue
-- Beside the newest minute: how long the queue was at its end.
insert into watch_minute as m (channel_id, at, accepted, delivered, failed, queued, oldest_at)
select channel_id, %(minute)s, 0, 0, 0, queued, oldest_at
from unnest(%(channels)s::bigint[], %(queued)s::int[], %(oldest)s::timestamptz[]) as v(channel_id, queued, oldest_at)
on conflict (channel_id, at) do update set queued = excluded.queued, oldest_at = excluded.oldest_at;

-- name: rate
-- Messages each channel's provider took within the last seconds, by the grouped log of calls.
select c.id, (
  select coalesce(sum(t.count), 0) from gateway_traffic t
  where t.channel_id = c.id and t.at > %(since)s and t.direction = 'out' and t.status like '2%%'
    and (t.what in ('POST messages', 'POST marketing_messages') or t.what like 'POST send%%' and t.what <> 'POST sendChatAction'))
from gateway_channel c where c.organisation_id = %(organisation)s;

-- name: failures
-- Why letters failed lately, per channel: the newest up to a cap.
select c.id, f.reason, count(*)
from gateway_channel c
cross join lateral (
  select o.reason from gateway_outbound o
  where o.channel_id = c.id and o.state = 'failed' and o.finished_at >= %(since)s order by o.finished_at desc limit %(cap)s) f
where c.organisation_id = %(organisation)s
group by 1, 2;

-- name: kept
-- What came in and could not be handled, per channel, up to a cap.
select c.id, (select count(*) from (select from gateway_inboundevent e where e.channel_id = c.id and e.state = 'kept' limit %(cap)s) one)
from gateway_channel c where c.organisation_id = %(organisation)s;

-- name: unclear
-- Letters that may or may not have arrived, per channel, up to a cap.
select channel_id, count(*)
from (select o.channel_id from gateway_outbound o where o.organisation_id = %(organisation)s and o.state = 'unclear' limit %(cap)s) one
group by 1;
