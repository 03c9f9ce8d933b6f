-- name: days
-- Count citizens' messages of each day by who saw to them: a person (from a day before, so that a thank-you counts, to a week after),
-- else the automatic within ten minutes, else nobody. `hidden` are the threads the asking member may not see.
SELECT day, count(*) FILTER (WHERE answer = 'team'), count(*) FILTER (WHERE answer = 'automatic'), count(*) FILTER (WHERE answer = 'open')
FROM (
  SELECT (asked.at AT TIME ZONE %(zone)s)::date AS day,
    CASE
      WHEN EXISTS (SELECT 1 FROM conversations_message AS reply WHERE reply.conversation_id = asked.conversation_id
        AND reply.author = 'operator' AND reply.at > asked.at - interval '1 day' AND reply.at < asked.at + interval '7 days') THEN 'team'
      WHEN EXISTS (SELECT 1 FROM conversations_message AS reply WHERE reply.conversation_id = asked.conversation_id
        AND reply.author = 'bot' AND reply.at >= asked.at AND reply.at < asked.at + interval '10 minutes') THEN 'automatic'
      ELSE 'open'
    END AS answer
  FROM conversations_message AS asked
  WHERE asked.organisation_id = %(organisation)s AND asked.author = 'citizen' AND asked.at >= %(since)s
    AND asked.conversation_id <> ALL(%(hidden)s)
  OFFSET 0 -- else each of the three counts would look again
) AS answered
GROUP BY day

-- name: first_answers
-- Measure for each day, in seconds, the median time from a citizen's first open message to the operator's answer.
SELECT (answered AT TIME ZONE %(zone)s)::date AS day, percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered - asked)), count(*)
FROM (
  SELECT min(at) FILTER (WHERE author = 'citizen') AS asked, max(at) FILTER (WHERE author = 'operator') AS answered
  FROM (
    SELECT conversation_id, author, at, count(*) FILTER (WHERE author = 'operator') OVER (
      PARTITION BY conversation_id ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS run
    FROM conversations_message
    WHERE organisation_id = %(organisation)s AND author IN ('citizen', 'operator') AND at >= %(since)s
      AND conversation_id <> ALL(%(hidden)s)
  ) AS said
  GROUP BY conversation_id, run
) AS pairs
WHERE asked IS NOT NULL AND answered IS NOT NULL
GROUP BY day

-- name: median_answer
-- The same median over a span of time.
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM answered - asked))
FROM (
  SELECT min(at) FILTER (WHERE author = 'citizen') AS asked, max(at) FILTER (WHERE author = 'operator') AS answered
  FROM (
    SELECT conversation_id, author, at, count(*) FILTER (WHERE author = 'operator') OVER (
      PARTITION BY conversation_id ORDER BY at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS run
    FROM conversations_message
    WHERE organisation_id = %(organisation)s AND author IN ('citizen', 'operator') AND at >= %(since)s AND at < %(until)s
      AND conversation_id <> ALL(%(hidden)s)
  ) AS said
  GROUP BY conversation_id, run
) AS pairs
WHERE asked IS NOT NULL AND answered IS NOT NULL


-- name: matters
-- Count the matters that began in a span of time, once over all and once for each group: by day, by weekday and hour, by topic, by
-- channel, by team, by person. `seen` are the matters the asking member may see. A promise counts where the team gave one.
WITH seen AS (/*seen*/),
cut AS (
  SELECT (opened_at AT TIME ZONE %(zone)s)::date AS day,
    extract(isodow FROM opened_at AT TIME ZONE %(zone)s)::int AS weekday,
    extract(hour FROM opened_at AT TIME ZONE %(zone)s)::int AS hour,
    topic_id, channel_id, team_id, operator_id, answered_at, closed_at, mark,
    CASE WHEN rule.answer_minutes IS NULL OR answer_seconds IS NULL THEN NULL ELSE answer_seconds <= rule.answer_minutes * 60 END AS kept
  FROM seen LEFT JOIN (
    SELECT teamrule.team_id AS rule_team, teamrule.answer_minutes FROM conversations_teamrule AS teamrule
    JOIN accounts_team AS team ON team.id = teamrule.team_id WHERE team.organisation_id = %(organisation)s
  ) AS rule ON rule.rule_team = seen.team_id
)
SELECT grouping(day, weekday, topic_id, channel_id, team_id, operator_id) AS missing,
  day, weekday, hour, topic_id, channel_id, team_id, operator_id,
  count(*), count(answered_at), count(closed_at), count(kept), count(*) FILTER (WHERE kept), count(mark), sum(mark),
  count(*) FILTER (WHERE mark = 1), count(*) FILTER (WHERE mark = 2), count(*) FILTER (WHERE mark = 3),
  count(*) FILTER (WHERE mark = 4), count(*) FILTER (WHERE mark = 5)
FROM cut
GROUP BY GROUPING SETS ((), (day), (weekday, hour), (topic_id), (channel_id), (team_id), (operator_id))

-- name: answer_times
-- Count the first answers of the same matters by their time in steps (minutes to two hours, then tenths of an hour), over all and by
-- group: from these steps come the median and the ninetieth percentile without sorting every matter seven times.
WITH seen AS (/*seen*/),
timed AS (
  SELECT CASE WHEN answer_seconds < 7200 THEN answer_seconds / 60 * 60 ELSE answer_seconds / 360 * 360 END AS step,
    (opened_at AT TIME ZONE %(zone)s)::date AS day, topic_id, channel_id, team_id, operator_id
  FROM seen WHERE answer_seconds IS NOT NULL
)
SELECT grouping(day, topic_id, channel_id, team_id, operator_id) AS missing, day, topic_id, channel_id, team_id, operator_id, step, count(*)
FROM timed
GROUP BY GROUPING SETS ((step), (day, step), (topic_id, step), (channel_id, step), (team_id, step), (operator_id, step))
ORDER BY step
