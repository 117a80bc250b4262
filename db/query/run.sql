-- db/query/run.sql: runs and the audit trail

-- name: run_begin
INSERT INTO run (version, command, started) VALUES (:version, :command, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
RETURNING run_id;

-- name: run_end
UPDATE run SET ended = strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), exit_code = :exit_code, settings_sha = :settings_sha,
    inputs = coalesce(:inputs, '{}')
WHERE run_id = :run_id;

-- name: audit_last
SELECT seq, row_sha FROM audit ORDER BY seq DESC LIMIT 1;

-- name: now
SELECT strftime('%Y-%m-%dT%H:%M:%SZ', 'now');

-- name: audit_add
INSERT INTO audit (seq, run_id, at, action, object, detail, prev_sha, row_sha)
VALUES (:seq, :run_id, :at, :action, :object, :detail, :prev_sha, :row_sha);

-- name: audit_all
SELECT seq, run_id, at, action, object, detail, prev_sha, row_sha FROM audit ORDER BY seq;
