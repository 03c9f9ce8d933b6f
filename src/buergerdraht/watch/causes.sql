-- name: oldest
-- Since when the oldest letter of each priority waits that could go now, on channels that run. Looks at the head of each batch
-- and priority only: bounded, however long the queue. "between x and x" as in figures.sql: with "= x" the planner may walk the primary key.
select c.id, due.priority, min(due.since)
from gateway_channel c
cross join lateral (
  select level.priority, (
    select min(greatest(head.created_at, head.not_before)) from (
      select o.created_at, o.not_before from gateway_outbound o
      where o.channel_id = c.id and o.batch is null and o.priority between level.priority and level.priority and o.state = 'queued'
        and (c.state = 'running' or o.id <= c.drain_to)
      order by o.channel_id, o.batch, o.priority, o.id limit 100) head
    where head.not_before is null or head.not_before <= %(now)s) as since
  from (values (0), (1), (2), (5)) as level(priority)
  union all
  select level.priority, (
    select min(greatest(head.created_at, head.not_before)) from (
      select o.created_at, o.not_before from gateway_outbound o
      where o.channel_id = c.id and o.batch = b.id and o.priority between level.priority and level.priority and o.state = 'queued'
        and (c.state = 'running' or o.id <= c.drain_to)
      order by o.channel_id, o.batch, o.priority, o.id limit 100) head
    where head.not_before is null or head.not_before <= %(now)s) as since
  from gateway_batch b, (values (0), (4), (5)) as level(priority)
  where b.organisation_id = c.organisation_id and b.state = 'open') due
where c.state in ('running', 'draining') and due.since is not null
group by 1, 2;

-- name: moving
-- Channels on which a provider took something lately.
select c.id from gateway_channel c
where exists (
  select from gateway_traffic t
  where t.channel_id = c.id and t.at > %(since)s and t.direction = 'out' and t.status like '2%%' and t.what like 'POST %%');

-- name: minutes
-- What the channels did within a time, from their minutes.
select channel_id, sum(accepted), sum(failed) from watch_minute where at >= %(since)s and at < %(until)s group by 1;

-- name: unreported
-- Of the letters accepted within a time: how many per channel, and how many of them no receipt told of.
select o.channel_id, count(*), count(*) filter (where o.receipt = '')
from gateway_outbound o
where o.finished_at >= %(since)s and o.finished_at < %(until)s and o.state = 'accepted'
group by 1;

-- name: failed
-- How many letters failed lately for reasons that are not ours, per channel, up to a cap; and the commonest reason.
select c.id, sum(f.number), (array_agg(f.reason order by f.number desc))[1]
from gateway_channel c
cross join lateral (
  select reason, count(*) as number from (
    select o.reason from gateway_outbound o
    where o.channel_id = c.id and o.state = 'failed' and o.finished_at >= %(since)s
    order by o.finished_at desc limit %(cap)s) newest
  where reason <> all(%(ours)s) group by 1) f
group by 1;

-- name: kept
-- What came in and could not be handled, per channel, up to a cap.
select c.id, kept.number
from gateway_channel c
cross join lateral (
  select count(*) as number from (select from gateway_inboundevent e where e.channel_id = c.id and e.state = 'kept' limit %(cap)s) one) kept
where kept.number > 0;

-- name: beat
-- When a worker was last heard of.
select max(last_heartbeat) from procrastinate_workers;

-- name: flush
-- Write something durable and let it go again: the commit of it shows how quick the disk is.
select pg_logical_emit_message(true, 'buergerdraht', '');

-- name: workers
-- How many workers were heard of lately.
select count(*) from procrastinate_workers where last_heartbeat > %(since)s;

-- name: failures
-- Why letters failed lately, per channel: the newest up to a cap.
select c.id, f.reason, count(*)
from gateway_channel c
cross join lateral (
  select o.reason from gateway_outbound o
  where o.channel_id = c.id and o.state = 'failed' and o.finished_at >= %(since)s order by o.finished_at desc limit %(cap)s) f
group by 1, 2;
