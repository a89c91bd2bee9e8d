-- What it takes to hold billed output tokens against the forecast. NULL: not known, as in every row
-- that was written before.
ALTER TABLE entries ADD COLUMN finish_reason TEXT;
ALTER TABLE entries ADD COLUMN forecast_output_tokens REAL;

-- Answers that question without the table: it has every column that the question names, of the rows
-- that count and of no others. SQLite uses it only where a query repeats the condition word for word.
CREATE INDEX entries_output ON entries
    (router, at, model, output, forecast_output_tokens, simulated, estimated, outcome, finish_reason)
WHERE simulated = 0 AND estimated = 0 AND outcome = 'ok' AND output > 0 AND forecast_output_tokens > 0
AND (finish_reason IS NULL OR finish_reason IN ('stop', 'tool_calls'));
