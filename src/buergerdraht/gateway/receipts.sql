-- name: find
-- Which letter and part a receipt without our token speaks of, by the provider's id.
select p.external_id, p.outbound_id, p.position
from gateway_part p
where p.channel_id = %(channel)s and p.external_id = any(%(externals)s::text[]);

-- name: lock
-- Take the letters' locks in one order, so that workers, engine and screens cannot deadlock; only of the channel's own letters.
select id from gateway_outbound where id = any(%(ids)s::bigint[]) and channel_id = %(channel)s order by id for update;

-- name: climb
-- Receipts only climb (law 4): accepted < sent < failed < delivered < read. Most letters have one part and are accepted: they climb
-- in the same call. Returned are the parts that climbed, whether their letter is through with it, and what the letter became.
with told as (
  select v.*, array_position(array['accepted', 'sent', 'failed', 'delivered', 'read'], v.state) as rank
  from unnest(%(outbounds)s::bigint[], %(positions)s::int[], %(externals)s::text[], %(states)s::text[], %(reasons)s::text[], %(ats)s::timestamptz[])
       as v(outbound_id, position, external_id, state, reason, at)
), part as (
  update gateway_part p
  set state = t.state, reason = t.reason, at = t.at, external_id = coalesce(p.external_id, t.external_id)
  from told t
  where p.outbound_id = t.outbound_id and p.position = t.position
    and t.rank > array_position(array['accepted', 'sent', 'failed', 'delivered', 'read'], p.state::text)
  returning p.outbound_id, p.position, t.state, t.reason, t.at
), letter as (
  update gateway_outbound o
  set receipt = case when p.state = 'accepted' then o.receipt else p.state end,
      state = case when p.state = 'failed' then 'failed' else 'accepted' end,
      reason = case when p.state = 'failed' then p.reason else '' end,
      details = case when (p.state = 'failed') = (o.state = 'failed') then o.details else '' end,
      delivered_at = case when p.state in ('delivered', 'read') then coalesce(o.delivered_at, p.at) else o.delivered_at end,
      read_at = case when p.state = 'read' then coalesce(o.read_at, p.at) else o.read_at end
  from part p
  where o.id = p.outbound_id and p.position = 0 and o.parts_total = 1 and o.parts_done = 1 and o.accepted_at is not null
    and o.finished_at is not null and o.state in ('accepted', 'failed')
  returning o.id, o.organisation_id, o.batch, o.state, o.reason
)
select p.outbound_id, p.position, l.id is not null as through, l.organisation_id, l.batch, l.state, l.reason
from part p left join letter l on l.id = p.outbound_id;

-- name: add
-- A token may tell of a part we have not written yet.
insert into gateway_part (outbound_id, channel_id, position, external_id, state, reason, at)
select outbound_id, %(channel)s, position, external_id, state, reason, at
from unnest(%(outbounds)s::bigint[], %(positions)s::int[], %(externals)s::text[], %(states)s::text[], %(reasons)s::text[], %(ats)s::timestamptz[])
     as v(outbound_id, position, external_id, state, reason, at)
on conflict (outbound_id, position) do nothing
returning outbound_id;

-- name: recompute
-- What the parts say of the letter. A letter whose call is running is left to the engine, which comes here afterwards.
with said as (
  select p.outbound_id, count(*) filter (where p.state <> 'failed') as good, count(*) as told,
         min(array_position(array['accepted', 'sent', 'failed', 'delivered', 'read'], p.state::text)) as lowest,
         bool_or(p.state = 'failed') as failed,
         max(p.reason) filter (where p.state = 'failed') as reason,
         max(p.at) filter (where p.state in ('delivered', 'read')) as arrived,
         max(p.at) filter (where p.state = 'read') as read
  from gateway_part p
  where p.outbound_id = any(%(ids)s)
  group by p.outbound_id
), now_known as (
  select s.*, o.state as was, o.receipt as receipt_was,
         case when s.failed then 'failed'
              when o.parts_total > 0 and s.good >= o.parts_total then 'accepted'
              when o.state = 'doubt' and s.good > o.parts_done then 'queued'
              else o.state end as state,
         case when s.failed then 'failed'
              when s.told < o.parts_total or s.lowest < 2 then o.receipt
              else (array['accepted', 'sent', 'failed', 'delivered', 'read'])[s.lowest] end as receipt
  from said s join gateway_outbound o on o.id = s.outbound_id
)
update gateway_outbound o
set state = n.state,
    receipt = n.receipt,
    reason = case when n.failed then n.reason when n.state <> n.was then '' else o.reason end,
    details = case when n.state <> n.was then '' else o.details end,
    parts_done = greatest(o.parts_done, n.good),
    not_before = case when n.state = 'queued' and n.was = 'doubt' then null else o.not_before end,
    accepted_at = case when n.state = 'accepted' then coalesce(o.accepted_at, now()) else o.accepted_at end,
    finished_at = case when n.state in ('accepted', 'failed') then coalesce(o.finished_at, now()) else o.finished_at end,
    delivered_at = case when n.receipt in ('delivered', 'read') then coalesce(o.delivered_at, n.arrived) else o.delivered_at end,
    read_at = case when n.receipt = 'read' then coalesce(o.read_at, n.read) else o.read_at end
from now_known n
where o.id = n.outbound_id and o.state <> 'sending' and (n.state <> n.was or n.receipt <> n.receipt_was)
returning o.id, o.organisation_id, o.batch, o.state, o.reason, n.state <> n.was as changed, o.channel_id;

-- name: keep_early
-- A receipt that came before our own row waits for it.
insert into gateway_earlyreceipt (channel_id, external_id, receipt, at)
select %(channel)s, external_id, receipt::jsonb, now() from unnest(%(externals)s::text[], %(receipts)s::text[]) as v(external_id, receipt);

-- name: early_due
-- Early receipts whose row has arrived.
delete from gateway_earlyreceipt e
using (select e.id from gateway_earlyreceipt e
       join gateway_part p on p.channel_id = e.channel_id and p.external_id = e.external_id
       where e.at > now() - %(since)s
       order by e.id limit 2000 for update of e skip locked) due
where e.id = due.id
returning e.channel_id, e.receipt;

-- name: house
-- Whose channel it is.
select organisation_id from gateway_channel where id = %(channel)s;

-- name: upto
-- The parts of the newest letters to an address that were on their way by a moment and stand lower than what is now said of them.
-- A part's call began after the letter was taken and the part before was accepted, and surely before the part itself was.
select p.external_id
from (select o.id, o.claimed_at from gateway_outbound o
      where o.channel_id = %(channel)s and o.address_hash = %(address)s and o.state = 'accepted'
      order by o.id desc limit %(most)s) letter
join gateway_part p on p.outbound_id = letter.id
left join gateway_part before on before.outbound_id = p.outbound_id and before.position = p.position - 1
where p.external_id is not null and p.state = any(%(states)s::text[]) and least(p.at, greatest(letter.claimed_at, before.at)) <= %(until)s;

-- name: upto_open
-- A letter to this address of which a part may have gone by then, and which is not written down as accepted yet.
select 1 from gateway_outbound
where channel_id = %(channel)s and address_hash = %(address)s and state in ('queued', 'sending', 'doubt')
  and (claimed_at <= %(until)s or parts_done > 0)
limit 1;

-- name: upto_due
-- Reports that name a moment and wait for letters; those that must wait on are put back by whoever applies them.
delete from gateway_earlyreceipt e
using (select id from gateway_earlyreceipt where external_id like '~%%' and at > now() - %(since)s
       order by id limit 500 for update skip locked) due
where e.id = due.id
returning e.channel_id, e.receipt;
