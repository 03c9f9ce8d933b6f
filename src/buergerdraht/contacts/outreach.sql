-- name: judge
-- What becomes of each person chosen: the words for their language and window, or the reason why nothing may go. Whose record was joined
-- with another since is followed there (a record that was parted from stays, one that was joined is gone), unless that one is chosen, too.
with chosen as materialized (/*chosen*/)
select c.position, case when who.now in ('same', 'joined') then s.contact_id end as contact_id, c.channel_id,
       coalesce(s.speaks, %s) as language, s.sealed as address, s.address_hash,
       case when s.id is null then 'stopped'
            when who.now = 'twice' then 'joined'
            when s.refusal <> '' then s.refusal
            when case when s.within then w.inside_id else w.outside_id end is null then 'no_template'
            else '' end as reason,
       case when s.within then w.inside_id else w.outside_id end as content_id,
       case when s.within and s.windowed then w.outside_id end as otherwise_id
from chosen c
left join (/*standing*/) as s on s.id = c.address_id
left join unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[]) as w(channel_id, language, inside_id, outside_id)
  on w.channel_id = c.channel_id and w.language = s.speaks
cross join lateral (
  select case when s.contact_id = c.contact_id then 'same'
              when s.id is null or exists (select from contacts_contact k where k.id = c.contact_id) then 'other'
              when exists (select from (/*elsewhere*/) as e(contact_id) where e.contact_id = s.contact_id)
                or exists (select from chosen b join contacts_address a on a.id = b.address_id
                           where b.position < c.position and a.contact_id = s.contact_id) then 'twice'
              else 'joined' end as now) as who
order by c.position
