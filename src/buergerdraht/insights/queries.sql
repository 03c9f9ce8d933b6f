-- name: days
-- Count citizens' messages of each day by who saw to them: a person (from a day before, so that a thank-you counts, to a week after),
-- else the automatic within ten minutes, else nobody.
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
  ) AS said
  GROUP BY conversation_id, run
) AS pairs
WHERE asked IS NOT NULL AND answered IS NOT NULL
