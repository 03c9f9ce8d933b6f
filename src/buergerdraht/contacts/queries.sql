-- name: note_seen
-- A citizen wrote: open the window of their address, and say when they were last here. One call for every message that comes in.
with heard as (
  update contacts_address set last_inbound_at = %(inbound)s, state = %(state)s where id = %(address)s
)
update contacts_contact set last_seen_at = %(seen)s where id = %(contact)s;
