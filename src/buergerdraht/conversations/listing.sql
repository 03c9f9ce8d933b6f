-- name: groups
-- What is open, and what is aside up to a bound, by whose it is and who may see it: the numbers beside the views are sums of these.
select operator_id, team_id, confidential, named, what, count(*)
from (
  select c.operator_id, c.team_id, c.confidential,
         case when c.confidential or %(apart)s then array(
           select n.operator_id from conversations_conversation_named n where n.conversation_id = c.id order by 1
         ) end as named,
         case when c.snoozed_until > %(now)s then 'snoozed'
              when c.waiting_since is null and c.last_author = any(%(ours)s) then 'answered'
              else 'open' end as what
  from conversations_conversation c
  where c.organisation_id = %(organisation)s and c.state = 'open' and c.aside = ''
  union all
  (select c.operator_id, c.team_id, c.confidential,
          case when c.confidential or %(apart)s then array(
            select n.operator_id from conversations_conversation_named n where n.conversation_id = c.id order by 1
          ) end,
          'aside'
   from conversations_conversation c
   where c.organisation_id = %(organisation)s and c.aside <> ''
   order by c.last_at desc limit %(most)s)
) each
group by 1, 2, 3, 4, 5;
