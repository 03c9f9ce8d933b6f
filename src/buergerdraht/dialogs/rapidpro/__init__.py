"""Bring in what RapidPro, TextIt and Glific export: their flows become our dialogs, and a report says what became of every piece.

`bringing.bring` is the door. Inward: `reading` makes sense of the file and lists its items; `mapping` makes steps of one flow with the
help of `acting` (actions), `asking` (what waits for an answer) and `branching`; `expressions` turns their expressions into Liquid.
No table and no network here: what must be fetched or set up by hand is said in the report.
"""
