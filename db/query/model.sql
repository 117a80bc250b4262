-- db/query/model.sql: models, terms, predictions, reports

-- name: model_remove
DELETE FROM model WHERE name = :name;

-- name: model_set
INSERT INTO model (name, position, method, formula, endpoint, landmark, settings_sha, inputs_sha, status, diagnosis, n, nevent, fit,
    stale, run_id)
VALUES (:name, :position, :method, :formula, :endpoint, :landmark, :settings_sha, :inputs_sha, :status, :diagnosis, :n, :nevent,
    :fit, 0, :run_id);

-- name: model_column_add
INSERT INTO model_column (model, name, tracer, timepoint) VALUES (:model, :name, :tracer, :timepoint);

-- name: model_row_add
INSERT INTO model_row (model, patient, reason) VALUES (:model, :patient, :reason);

-- name: term_add
INSERT INTO term (model, position, term, coef, se, measure, ratio, lower95, upper95, p)
VALUES (:model, :position, :term, :coef, :se, :measure, :ratio, :lower95, :upper95, :p);

-- name: model_hashes
SELECT settings_sha, inputs_sha, position FROM model WHERE name = :name;

-- name: model_confirm
UPDATE model SET stale = 0, run_id = :run_id WHERE name = :name;

-- name: model_names
SELECT name FROM model ORDER BY name;

-- name: models
SELECT model, method, formula, endpoint, landmark, settings_sha, inputs_sha, status, stale, n, nevent, fit, diagnosis
FROM v_model WHERE :only IS NULL OR model = :only ORDER BY position;

-- name: model_rows
SELECT r.patient, r.reason FROM model_row AS r LEFT JOIN patient AS p USING (patient) WHERE r.model = :model
ORDER BY p.row, r.patient;

-- name: predictions_remove
DELETE FROM prediction WHERE model = :model;

-- name: prediction_add
INSERT INTO prediction (model, patient, measure, horizon, value, lower95, upper95, in_range, note)
VALUES (:model, :patient, :measure, :horizon, :value, :lower95, :upper95, :in_range, :note);

-- name: predictions
SELECT q.patient, q.measure, q.horizon, q.value, q.lower95, q.upper95, q.in_range, q.note
FROM v_prediction AS q JOIN patient AS p USING (patient) WHERE q.model = :model ORDER BY p.row, q.measure, q.horizon;

-- name: report_set
INSERT INTO report (file, kind, patient, inputs_sha, file_sha, stale, run_id)
VALUES (:file, :kind, :patient, :inputs_sha, :file_sha, 0, :run_id)
ON CONFLICT (file) DO UPDATE SET kind = excluded.kind, patient = excluded.patient, inputs_sha = excluded.inputs_sha,
    file_sha = excluded.file_sha, stale = 0, run_id = excluded.run_id;

-- name: report_get
SELECT inputs_sha, file_sha FROM report WHERE file = :file;

-- name: report_confirm
UPDATE report SET stale = 0, run_id = :run_id WHERE file = :file;
