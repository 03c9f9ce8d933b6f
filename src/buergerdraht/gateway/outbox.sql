-- name: put_one
-- Queue one letter with its content, which is stored here unless it is there already. A reply that may still be taken back is not
-- overtaken by what is said after it: that waits as long as the reply does. Alerts wait for nothing.
with content as (
  insert into gateway_storedcontent (organisation_id, content, created_at)
  select %(organisation_id)s::bigint, %(content)s::jsonb, %(created_at)s::timestamptz where %(content_id)s::bigint is null
  returning id
)
insert into gateway_outbound (
  organisation_id, channel_id, address, address_hash, content_id, otherwise_id, purpose, priority, batch, not_before, expires_at, created_at,
  state, reason, details, tries, parts_total, parts_done, claimed_by, receipt)
values (
  %(organisation_id)s, %(channel_id)s::bigint, %(address)s, %(address_hash)s::bytea, coalesce(%(content_id)s::bigint, (select id from content)),
  %(otherwise_id)s, %(purpose)s::text, %(priority)s, %(batch)s,
  greatest(%(not_before)s::timestamptz, (
    select max(b.not_before) from gateway_outbound b
    where b.channel_id = %(channel_id)s::bigint and b.address_hash = %(address_hash)s::bytea and b.state = 'queued'
      and b.purpose = 'reply' and b.tries = 0 and %(purpose)s::text in ('reply', 'service')
      and b.not_before between now() and now() + interval '1 minute')),
  %(expires_at)s, %(created_at)s,
  'queued', '', '', 0, 0, 0, '', '')
returning id, content_id;

-- name: put
-- Queue letters from arrays, in their order: several times quicker than one parameter for each value.
insert into gateway_outbound (
  organisation_id, channel_id, address, address_hash, content_id, otherwise_id, purpose, priority, batch, not_before, expires_at, created_at,
  state, reason, details, tries, parts_total, parts_done, claimed_by, receipt)
select l.organisation_id, l.channel_id, l.address, l.address_hash, l.content_id, l.otherwise_id, l.purpose, l.priority, l.batch,
       l.not_before, l.expires_at, l.created_at, 'queued', '', '', 0, 0, 0, '', ''
from unnest(%(organisation_id)s::bigint[], %(channel_id)s::bigint[], %(address)s::bytea[], %(address_hash)s::bytea[],
            %(content_id)s::bigint[], %(otherwise_id)s::bigint[], %(purpose)s::text[], %(priority)s::smallint[], %(batch)s::bigint[],
            %(not_before)s::timestamptz[], %(expires_at)s::timestamptz[], %(created_at)s::timestamptz[]) with ordinality
     as l(organisation_id, channel_id, address, address_hash, content_id, otherwise_id, purpose, priority, batch,
          not_before, expires_at, created_at, position)
order by l.position
returning id;

-- name: put_selected
-- Queue what was judged, number the letters in the order of the choice, and let whoever asked record each answer: all or nothing.
with judged as (/*judged*/),
answer as materialized (
  select judged.*, case when reason = '' then nextval('gateway_outbound_id_seq') end as outbound_id from judged
),
letter as (
  insert into gateway_outbound (
    id, organisation_id, channel_id, address, address_hash, content_id, otherwise_id, purpose, priority, batch, not_before, expires_at,
    created_at, state, reason, details, tries, parts_total, parts_done, claimed_by, receipt)
  select outbound_id, %s, channel_id, address, address_hash, content_id, otherwise_id, %s, %s, %s, %s, %s,
         now(), 'queued', '', '', 0, 0, 0, '', ''
  from answer where reason = ''
),
kept as (/*record*/)
select channel_id, count(*), count(outbound_id) from answer group by channel_id;

-- name: stop_piece
-- Cancel a piece of what a stopped batch still has queued; what the engine holds this moment is left for the next round.
with piece as materialized (
  select id from gateway_outbound where batch = %(batch)s and state = 'queued' order by id limit %(limit)s for update skip locked
)
update gateway_outbound o set state = 'cancelled', reason = 'cancelled', finished_at = now() from piece where o.id = piece.id;

-- name: enter
-- Be one of many who queue letters of these batches; in one order, so that nobody deadlocks.
select pg_advisory_xact_lock_shared(%(gate)s, (id %% 2147483648)::int) from unnest(%(batches)s::bigint[]) as id;

-- name: shut
-- Be alone with these batches.
select pg_advisory_xact_lock(%(gate)s, (id %% 2147483648)::int) from unnest(%(batches)s::bigint[]) as id;

-- name: close_quiet
-- Batches are done when nothing of them is open any more; a million letters are asked by the index of the open ones.
update gateway_batch b set state = 'done'
where b.id = any(%(batches)s)
  and not exists (select from gateway_outbound o where o.batch = b.id and o.state in ('queued', 'sending', 'doubt'));
