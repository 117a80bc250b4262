-- db/query/page.sql: what the pages of reports show

-- name: page_scans
SELECT s.patient, s.timepoint, s.tracer, s.tracer_slug, s.status, s.day, s.uptake_min, s.image_sha, r.volume_ml
FROM accepted_scan AS s LEFT JOIN timepoint AS t ON t.name = s.timepoint
    LEFT JOIN region AS r ON r.scan_id = s.scan_id AND r.roi = 'gtv'
ORDER BY s.patient, s.tracer_slug, t.position, s.timepoint;

-- name: page_scans_refused
SELECT v.patient, v.timepoint, v.tracer, v.reason FROM v_rejection AS v JOIN accepted_patient AS p USING (patient)
WHERE v.kind = 'scan' ORDER BY v.patient, v.tracer, v.timepoint;

-- name: page_values
SELECT s.patient, s.tracer_slug, s.timepoint, f.name, f.value, f.reason, d.document
FROM accepted_scan AS s JOIN feature AS f USING (scan_id) JOIN extraction AS x USING (scan_id)
    JOIN definition AS d ON d.definition_id = x.hypoxia_definition_id
WHERE f.roi = 'gtv' AND f.aggregation = '' AND f.name IN ('tbr_max', 'tbr_mean', 'fhv', 'hv_ml', 'suv_max')
ORDER BY s.patient, s.tracer_slug, s.timepoint, f.name;

-- name: page_changes
SELECT a.patient, a.tracer_slug, a.timepoint, b.timepoint, c.name, c.value, c.reason
FROM change AS c JOIN accepted_scan AS a ON a.scan_id = c.from_scan JOIN accepted_scan AS b ON b.scan_id = c.to_scan
WHERE c.roi = 'gtv' AND c.aggregation = '' AND c.name IN ('delta_tbr_max', 'delta_fhv', 'delta_hv_ml', 'delta_suv_max')
ORDER BY a.patient, a.tracer_slug, a.timepoint, b.timepoint, c.name;

-- name: page_terms
SELECT term, coef, se, measure, ratio, lower95, upper95, p FROM v_term WHERE model = :model ORDER BY position;

-- name: page_refusals
SELECT kind, coalesce(model, ''), reason FROM v_rejection
ORDER BY CASE kind WHEN 'table' THEN 1 WHEN 'patient' THEN 2 WHEN 'scan' THEN 3 ELSE 4 END, patient, timepoint, tracer, model, reason;

-- name: report_files
SELECT file FROM report ORDER BY file;

-- name: report_remove
DELETE FROM report WHERE file = :file;
