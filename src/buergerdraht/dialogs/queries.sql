-- name: running
-- The walk of a contact that waits for their answer, else the newest whose template does, locked, and whether one of us spoke since it
-- spoke last.
select exists (
         select from conversations_message m join conversations_conversation c on c.id = m.conversation_id
         where c.contact_id = %(contact)s and m.author = 'operator' and m.at > walk.changed_at),
       dialog.key, dialog.title, version.number, /*walk*/
from dialogs_session walk
join dialogs_dialog dialog on dialog.id = walk.dialog_id
join dialogs_version version on version.id = walk.version_id
where walk.contact_id = %(contact)s
  and (walk.state = 'running' and not walk.rests or walk.state = 'knocks' and walk.wakes_at > now())
order by walk.state desc, walk.id desc limit 1
for update of walk;

-- name: keep
-- Where a walk stands now, and what happened for the figures.
with kept as (
  update dialogs_session
  set walk = %(walk)s, pending = %(pending)s, state = %(state)s, step = %(step)s, rests = %(rests)s, wakes_at = %(wakes_at)s,
      address_id = %(address)s, changed_at = %(now)s
  where id = %(session)s
)
insert into dialogs_trace (organisation_id, dialog_id, version, session_id, step, what, text, at)
select %(organisation)s, happened.dialog, %(version)s, %(session)s, happened.step, happened.what, happened.text, %(now)s
from unnest(%(dialogs)s::bigint[], %(steps)s::text[], %(whats)s::text[], %(texts)s::bytea[]) happened (dialog, step, what, text);
