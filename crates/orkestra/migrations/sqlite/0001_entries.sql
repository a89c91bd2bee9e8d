-- One row for each billed attempt. Amounts are decimal text ("0.00325"), exact and never REAL;
-- `at` is RFC 3339 in UTC with nine decimals, so that text order is time order.
CREATE TABLE entries (
    id                     TEXT    NOT NULL PRIMARY KEY,
    decision_id            TEXT    NOT NULL,
    attempt                INTEGER NOT NULL,
    at                     TEXT    NOT NULL,
    day                    TEXT    NOT NULL,
    provider               TEXT    NOT NULL,
    model                  TEXT    NOT NULL,
    tier                   TEXT    NOT NULL,
    strategy               TEXT    NOT NULL,
    router                 TEXT    NOT NULL,
    input                  INTEGER NOT NULL,
    cache_read             INTEGER NOT NULL,
    cache_write_5m         INTEGER NOT NULL,
    cache_write_1h         INTEGER NOT NULL,
    output                 INTEGER NOT NULL,
    reasoning              INTEGER NOT NULL,
    estimated              INTEGER NOT NULL,
    input_cost             TEXT    NOT NULL,
    output_cost            TEXT    NOT NULL,
    cost                   TEXT    NOT NULL,
    base_model             TEXT    NOT NULL,
    base_cost              TEXT    NOT NULL,
    savings                TEXT    NOT NULL,
    outcome                TEXT    NOT NULL,
    stream                 INTEGER NOT NULL,
    latency_us             INTEGER NOT NULL,
    first_token_us         INTEGER,
    request_id             TEXT,
    simulated              INTEGER NOT NULL,
    expected_cost          TEXT    NOT NULL,
    expected_output_tokens REAL    NOT NULL
) STRICT;

CREATE INDEX entries_at ON entries (at, id);
CREATE INDEX entries_decision ON entries (decision_id);

CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'ledger entries never change'); END;

CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'ledger entries are never removed'); END;
