-- name: letters
-- The letters made within a time, per channel and batch, by what became of them and what was reported, with the range of their ids. One that a
-- person took as arrived (nobody's claim stands on it) may lack parts.
select o.channel_id, o.organisation_id, o.batch, count(*) as total,
       count(*) filter (where o.state = 'accepted') as accepted,
       count(*) filter (where o.state = 'failed') as failed,
       count(*) filter (where o.state = 'unclear') as unclear,
       count(*) filter (where o.state = 'cancelled') as cancelled,
       count(*) filter (where o.state in ('queued', 'sending', 'doubt')) as waiting,
       count(*) filter (where o.state = 'accepted' and o.receipt = 'read') as read,
       count(*) filter (where o.state = 'accepted' and o.receipt = 'delivered') as delivered,
       count(*) filter (where o.state = 'accepted' and o.receipt = 'sent') as sent,
       count(*) filter (where o.state = 'accepted' and o.receipt = '') as unreported,
       count(*) filter (where o.receipt = 'failed') as undelivered,
       count(*) filter (where o.state = 'queued' and o.receipt in ('delivered', 'read')) as contrary,
       count(*) filter (where o.state = 'accepted' and o.parts_done < o.parts_total and o.claimed_by <> '') as short,
       min(o.id) as first, max(o.id) as last
from gateway_outbound o
where o.created_at >= %(since)s and o.created_at < %(until)s
group by 1, 2, 3;

-- name: parts
-- The parts of these letters, and how many accepted letters have fewer of them than they should. Letters and parts are both read in the
-- order of the letters' ids, one stretch of each primary key, and merged.
select o.channel_id, coalesce(sum(p.number), 0), count(*) filter (where o.state = 'accepted' and o.parts_done > coalesce(p.number, 0))
from gateway_outbound o
left join (
  select outbound_id, count(*) filter (where state <> 'failed') as number
  from gateway_part where outbound_id between %(first)s and %(last)s group by 1) p on p.outbound_id = o.id
where o.id between %(first)s and %(last)s and o.created_at >= %(since)s and o.created_at < %(until)s
group by 1;

-- name: recipients
-- Recipients of the day's broadcasts that point to letters of this stretch, per channel; and how many of them point to a letter that is
-- not there.
select r.channel_id, count(*), count(*) filter (where o.id is null)
from broadcasts_recipient r
left join gateway_outbound o on o.id = r.outbound_id
where r.broadcast_id = any(%(batches)s) and r.outbound_id between %(first)s and %(last)s
  and (o.id is null or (o.created_at >= %(since)s and o.created_at < %(until)s))
group by 1;
