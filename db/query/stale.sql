-- db/query/stale.sql: what became stale, and what reports are made of

-- name: stale_column
UPDATE model SET stale = 1 WHERE stale = 0 AND (:column IS NULL
    OR name IN (SELECT model FROM model_column WHERE tracer IS NULL AND name = :column));

-- name: stale_scan
UPDATE model SET stale = 1 WHERE stale = 0
    AND name IN (SELECT model FROM model_column WHERE tracer = :tracer AND timepoint = :timepoint);

-- name: stale_reports
UPDATE report SET stale = 1 WHERE stale = 0;

-- name: stale_models
SELECT model FROM v_model WHERE stale = 1 ORDER BY position;

-- name: stale_report_files
SELECT file FROM report WHERE stale = 1 ORDER BY file;

-- name: digest_patients
SELECT patient, row FROM accepted_patient ORDER BY patient;

-- name: digest_clinical
SELECT c.patient, c.name, c.number, c.text FROM clinical AS c JOIN accepted_patient USING (patient) ORDER BY 1, 2;

-- name: digest_scans
SELECT s.scan_id, s.inputs_sha, x.settings_sha, x.inputs_sha FROM accepted_scan AS s LEFT JOIN extraction AS x USING (scan_id)
ORDER BY 1;

-- name: digest_changes
SELECT from_scan, to_scan, settings_sha, inputs_sha FROM comparison ORDER BY 1, 2;

-- name: digest_models
SELECT model, settings_sha, inputs_sha, fit FROM v_model ORDER BY 1;

-- name: digest_predictions
SELECT model, patient, measure, horizon, value, lower95, upper95 FROM v_prediction ORDER BY 1, 2, 3, 4;

-- name: digest_refusals
SELECT kind, file, patient, timepoint, tracer, model, reason FROM v_rejection ORDER BY 1, 2, 3, 4, 5, 6;
