-- db/query/rejection.sql: verdicts on tables, patients, scans and models

-- name: rejection_newest
SELECT verdict, reason FROM rejection WHERE kind = :kind AND subject = :subject ORDER BY rejection_id DESC LIMIT 1;

-- name: rejection_add
INSERT INTO rejection (run_id, kind, subject, verdict, file, patient, timepoint, tracer, reason)
VALUES (:run_id, :kind, :subject, :verdict, :file, :patient, :timepoint, :tracer, :reason);

-- name: rejection_gone
-- Refused subjects of a kind, for those which the tables no longer name.
SELECT subject FROM v_verdict WHERE kind = :kind AND verdict = 'refused' ORDER BY subject;
