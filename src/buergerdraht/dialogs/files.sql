-- name: tables
-- The tables whose cells are one of these names: how many rows, and the first of them. A table without any such ending is not taken
-- apart: most are lists of streets.
select btrim(cell.value, E' \t\n\r') as name, t.id, t.title, min(listed.number), count(distinct listed.number)
from dialogs_table t,
     jsonb_array_elements(t.rows) with ordinality listed (row, number),
     jsonb_each_text(listed.row) cell
where t.organisation_id = %(organisation)s and t.rows::text like any(%(endings)s)
  and btrim(cell.value, E' \t\n\r') = any(%(names)s)
group by 1, 2, 3
order by 3, 2;
