-- name: channels
-- The channels with their state, and how long ago their provider said something.
select id, organisation_id, kind, state, extract(epoch from %(now)s - last_inbound_at)::float8 from gateway_channel order by id;

-- name: queue
-- How many letters wait, per channel and priority.
select channel_id, priority, count(*) from gateway_outbound where state = 'queued' group by 1, 2;

-- name: flight
-- How many letters are being sent or in doubt, per channel.
select channel_id, count(*) from gateway_outbound where state in ('sending', 'doubt') group by 1;

-- name: unclear
-- How many letters may or may not have arrived, per channel.
select channel_id, count(*) from gateway_outbound where state = 'unclear' group by 1;

-- name: calls
-- Calls of the last minute, per channel and answer, from the grouped log.
select c.id, t.direction, t.status, sum(t.count)
from gateway_channel c
join lateral (
  select direction, status, count from gateway_traffic where channel_id = c.id and at > %(since)s order by at desc limit 20000) t on true
group by 1, 2, 3;

-- name: events
-- What came in and is not handled yet, and what is kept, per channel.
select channel_id, 'new', count(*), extract(epoch from %(now)s - min(received_at))::float8
from gateway_inboundevent where state = 'new' group by 1
union all
select channel_id, 'kept', count(*), extract(epoch from %(now)s - min(received_at))::float8
from gateway_inboundevent where state = 'kept' group by 1;

-- name: minute
-- The newest full minute of each channel.
select distinct on (channel_id) channel_id, accepted, delivered, failed
from watch_minute where at >= %(since)s order by channel_id, at desc;

-- name: jobs
-- Jobs of the timetable that wait or failed.
select status::text, count(*) from procrastinate_jobs where status in ('todo', 'failed') group by 1;
