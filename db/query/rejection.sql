-- db/query/rejection.sql: verdicts on tables, patients, scans and models

-- name: rejection_newest
SELECT verdict, reason FROM rejection WHERE kind = :kind AND subject = :subject ORDER BY rejection_id DESC LIMIT 1;

-- name: rejection_add
INSERT INTO rejection (run_id, kind, subject, verdict, file, patient, timepoint, tracer, reason)
VALUES (:run_id, :kind, :subject, :verdict, :file, :patient, :timepoint, :tracer, :reason);

-- name: refused_patients
SELECT subject FROM newest_verdict WHERE kind = 'patient' AND verdict = 'refused' ORDER BY subject;

-- name: refused_scans
SELECT subject FROM newest_verdict WHERE kind = 'scan' AND verdict = 'refused' ORDER BY subject;

-- name: refused_models
SELECT subject FROM newest_verdict WHERE kind = 'model' AND verdict = 'refused' ORDER BY subject;
