-- name: channels
-- The channels that should run, with what it takes to run them; paused ones too, for a pause is about sending: who streams is heard on.
select c.id, c.organisation_id, c.kind, c.token, c.config, c.rate, coalesce(c.drain_to, 0) as drain_to, c.state = 'paused' as paused
from gateway_channel c
where c.state in ('running', 'draining', 'paused')
order by c.id;

-- name: pick
-- The next letters of each channel in order of priority: the single ones, and those of each open batch. None whose address has a
-- call in flight, and none that would overtake an earlier one of the same priority to the same address (law 5); higher ones pass.
with lanes as (
  select w.channel, n.id, n.priority
  from unnest(%(channels)s::bigint[], %(organisations)s::bigint[], %(lasts)s::bigint[]) as w(channel, organisation, last)
  cross join lateral (
    (select o.id, o.priority
     from gateway_outbound o
     where o.channel_id = w.channel and o.batch is null and o.state = 'queued'
       and {sendable}
     order by o.channel_id, o.batch, o.priority, o.id
     limit %(limit)s)
    union all
    (select m.id, m.priority
     from gateway_batch lane
     cross join lateral (
       select o.id, o.priority
       from gateway_outbound o
       where o.channel_id = w.channel and o.batch = lane.id and o.state = 'queued'
         and {sendable}
       order by o.channel_id, o.batch, o.priority, o.id
       limit %(limit)s) m
     where lane.organisation_id = w.organisation and lane.state = 'open')
  ) n
), first as materialized (
  select id from (select id, row_number() over (partition by channel order by priority, id) as place from lanes) ranked
  where place <= %(limit)s
)
select o.id, o.channel_id, o.address, o.address_hash, o.purpose, o.priority, o.tries, o.parts_total, o.content_id, o.otherwise_id,
       o.batch, o.organisation_id, (o.expires_at is not null and o.expires_at <= now()) as expired,
       case when o.tries > 0 or o.parts_total > 0
            then array(select p.position from gateway_part p where p.outbound_id = o.id and p.state <> 'failed')
            else '{}' end as done
from first join gateway_outbound o on o.id = first.id
order by o.channel_id, o.priority, o.id;

-- name: sendable
-- Whether letter `o` may go out of channel `w` now; part of `pick`.
(o.not_before is null or o.not_before <= now())
and o.id <= w.last and o.id <> all(%(known)s::bigint[]) and int8send(o.channel_id) || o.address_hash <> all(%(busy)s::bytea[])
and not exists (
  select from gateway_outbound b
  where b.channel_id = o.channel_id and b.address_hash = o.address_hash and b.id <> o.id and b.state in ('queued', 'sending', 'doubt')
    and (b.state = 'sending'
         or (b.priority = o.priority and b.id < o.id
             and (b.state = 'doubt' or b.tries > 0 or b.not_before is null or b.not_before <= now())
             and not exists (select from gateway_batch h where h.id = b.batch and h.state in ('held', 'resting', 'stopped'))))
  offset 0)  -- asked for each letter, by its address: joined, it may be all letters of the channel for each

-- name: drained
-- Whether a channel that runs dry is dry; then it pauses itself.
update gateway_channel c set state = 'paused', drain_to = null
where c.id = %(channel)s and c.state = 'draining' and not exists (
  select from gateway_outbound o
  where o.channel_id = c.id and o.id <= c.drain_to and o.state in ('queued', 'sending', 'doubt')
    and not exists (select from gateway_batch h where h.id = o.batch and h.state in ('held', 'resting', 'stopped')))
returning c.organisation_id;

-- name: contents
-- The stored contents by id.
select id, content from gateway_storedcontent where id = any(%(ids)s);

-- name: lock
-- Take the rows' locks in one order, so that engine, receipts and screens cannot deadlock.
select id from gateway_outbound where id = any(%(ids)s::bigint[]) order by id for update;

-- name: claim
-- The intent, committed before the call (law 7). What was stopped, held or taken meanwhile is not returned and not sent; what somebody
-- else has locked (a stop of a large batch, receipts) waits for the next pick, so that nobody's answer waits for it.
update gateway_outbound o
set state = 'sending', claimed_by = %(engine)s, claimed_at = now(), parts_total = v.total
from (
  select q.id, v.total
  from unnest(%(ids)s::bigint[], %(totals)s::int[]) as v(id, total)
  join gateway_outbound q on q.id = v.id
  where (q.state = 'queued' or (q.state = 'sending' and q.claimed_by = %(engine)s))
    and not exists (select from gateway_batch h where h.id = q.batch and h.state in ('held', 'resting', 'stopped'))
  for update of q skip locked) v
where o.id = v.id
returning o.id;

-- name: add_parts
-- What the provider accepted; a receipt with our token may have come first and knows more.
insert into gateway_part as p (outbound_id, channel_id, position, external_id, state, reason, at)
select outbound_id, channel_id, position, nullif(external_id, ''), 'accepted', '', now()
from unnest(%(outbounds)s::bigint[], %(channels)s::bigint[], %(positions)s::int[], string_to_array(%(externals)s, E'\x1f'))
     as v(outbound_id, channel_id, position, external_id)
on conflict (outbound_id, position) do update
set external_id = coalesce(p.external_id, excluded.external_id)
returning p.outbound_id, p.state <> 'accepted' as ahead;

-- name: advance
-- A part is accepted: count it, and finish the letter with its last part.
update gateway_outbound o
set parts_done = greatest(o.parts_done, v.done),
    state = case when v.done >= o.parts_total then 'accepted' else o.state end,
    accepted_at = case when v.done >= o.parts_total then coalesce(o.accepted_at, now()) else o.accepted_at end,
    finished_at = case when v.done >= o.parts_total then now() else o.finished_at end,
    reason = case when v.done >= o.parts_total then '' else o.reason end,
    details = case when v.done >= o.parts_total then '' else o.details end
from unnest(%(ids)s::bigint[], %(dones)s::int[]) as v(id, done)
where o.id = v.id and o.state not in ('accepted', 'failed');

-- name: decide
-- A call failed, or was not made: what was decided about the letter. One that another engine sends by now is left alone; one that
-- was taken for an orphan of ours is not: we know better.
update gateway_outbound o
set state = v.state, reason = v.reason, details = v.details, tries = o.tries + v.burned, claimed_by = '',
    content_id = case when v.turned then coalesce(o.otherwise_id, o.content_id) else o.content_id end,
    otherwise_id = case when v.turned then null else o.otherwise_id end,
    not_before = case when v.delay > 0 then now() + make_interval(secs => v.delay) end,
    finished_at = case when v.state in ('failed', 'unclear') then now() end
from unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(details)s::text[], %(burned)s::int[], %(delays)s::float8[],
            %(turned)s::bool[])
     as v(id, state, reason, details, burned, delay, turned)
where o.id = v.id and (o.state = 'queued' or (o.state in ('sending', 'doubt', 'unclear') and o.claimed_by = %(engine)s));

-- name: doubts
-- Doubts whose time for a receipt is over.
select o.id, o.channel_id, o.purpose, o.tries
from gateway_outbound o
where o.channel_id = any(%(channels)s) and o.state = 'doubt' and o.not_before <= now()
order by o.id
limit 1000;

-- name: settle
-- A doubt without a receipt, or an orphan: what was decided. Only where nothing settled it meanwhile.
update gateway_outbound o
set state = v.state, reason = v.reason, tries = o.tries + v.burned,
    not_before = case when v.delay > 0 then now() + make_interval(secs => v.delay) end,
    finished_at = case when v.state = 'unclear' then now() end
from unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(burned)s::int[], %(delays)s::float8[])
     as v(id, state, reason, burned, delay)
where o.id = v.id and o.state in ('sending', 'doubt') and o.id <> all(%(mine)s)
returning o.id, o.state, o.batch, o.organisation_id;

-- name: break_channel
-- The provider stopped the channel: an operator is called.
update gateway_channel set state = 'broken', reason = %(reason)s, reason_details = %(details)s
where id = %(channel)s and state in ('running', 'draining', 'paused')
returning organisation_id;

-- name: pause_template
-- A template the provider refuses is not tried by others.
update gateway_messagetemplate set paused = true where channel_id = %(channel)s and name = %(name)s and language = %(language)s;

-- name: refuse_content
-- The same template in the same content would be refused for everybody else, too.
update gateway_outbound set state = 'failed', reason = 'template_refused', finished_at = now()
where channel_id = %(channel)s and content_id = %(content)s and state = 'queued';

-- name: add_event
-- Something our sender found enters by the same door as what providers tell.
insert into gateway_inboundevent (channel_id, source, body, state, problem, tries, received_at)
select channel_id, source, body, 'new', '', 0, now()
from unnest(%(channels)s::bigint[], %(sources)s::text[], %(bodies)s::bytea[]) as v(channel_id, source, body);

-- name: add_heard
-- What a provider told who streams, its items already read.
insert into gateway_inboundevent (channel_id, source, lane, shard, body, state, problem, tries, received_at)
values (%(channel)s, 'stream', %(lane)s, %(shard)s, %(body)s, 'new', '', 0, now());

-- name: add_traffic
-- The redacted log of calls; those alike in one line, with their mean time.
insert into gateway_traffic (channel_id, at, direction, what, count, status, milliseconds, details)
select channel_id, now(), 'out', what, count, status, milliseconds, reason
from unnest(%(channels)s::bigint[], %(whats)s::text[], %(counts)s::int[], %(statuses)s::text[], %(ms)s::int[], %(reasons)s::text[])
     as v(channel_id, what, count, status, milliseconds, reason);

-- name: media
-- A file's place and whether the provider has it already.
select m.organisation_id, u.external_id
from gateway_media m
left join gateway_mediaupload u on u.media_id = m.id and u.channel_id = %(channel)s and u.expires_at > now()
where m.id = %(media)s;

-- name: remember_upload
-- The provider's id of a file, for as long as it keeps it.
insert into gateway_mediaupload (media_id, channel_id, external_id, expires_at)
values (%(media)s, %(channel)s, %(external)s, now() + make_interval(hours => %(hours)s))
on conflict (media_id, channel_id) do update set external_id = excluded.external_id, expires_at = excluded.expires_at;

-- name: refresh_statistics
-- Let the planner know how large the queue has become.
analyze gateway_outbound, gateway_part;
