-- db/query/feature.sql: features of scans, changes, definitions

-- name: definition_add
INSERT INTO definition (definition_id, document) VALUES (:definition_id, :document) ON CONFLICT (definition_id) DO NOTHING;

-- name: definition_prune
DELETE FROM definition WHERE definition_id NOT IN (SELECT definition_id FROM extraction)
    AND definition_id NOT IN (SELECT hypoxia_definition_id FROM extraction)
    AND definition_id NOT IN (SELECT definition_id FROM comparison)
    AND definition_id NOT IN (SELECT hypoxia_definition_id FROM comparison);

-- name: feature_info_set
INSERT INTO feature_info (name, family, ibsi, unit, definition, source) VALUES (:name, :family, :ibsi, :unit, :definition, :source)
ON CONFLICT (name) DO UPDATE SET family = excluded.family, ibsi = excluded.ibsi, unit = excluded.unit,
    definition = excluded.definition, source = excluded.source
WHERE family <> excluded.family OR ibsi IS NOT excluded.ibsi OR unit <> excluded.unit OR definition <> excluded.definition
    OR source <> excluded.source;

-- name: extraction_remove
DELETE FROM extraction WHERE scan_id = :scan_id;

-- name: extraction_set
INSERT INTO extraction (scan_id, settings_sha, inputs_sha, definition_id, hypoxia_definition_id, run_id)
VALUES (:scan_id, :settings_sha, :inputs_sha, :definition_id, :hypoxia_definition_id, :run_id);

-- name: feature_add
INSERT INTO feature (scan_id, roi, name, aggregation, value, unit, reason)
VALUES (:scan_id, :roi, :name, :aggregation, :value, :unit, :reason);

-- name: features_of_scan
SELECT f.roi, f.name, f.aggregation, f.value, f.reason, s.units
FROM feature AS f JOIN scan AS s USING (scan_id) WHERE f.scan_id = :scan_id ORDER BY f.roi, f.name, f.aggregation;

-- name: extraction_definitions
SELECT definition_id, hypoxia_definition_id FROM extraction WHERE scan_id = :scan_id;

-- name: definition_get
SELECT document FROM definition WHERE definition_id = :definition_id;

-- name: comparison_hashes
SELECT settings_sha, inputs_sha FROM comparison WHERE from_scan = :from_scan AND to_scan = :to_scan;

-- name: comparison_set
INSERT INTO comparison (from_scan, to_scan, settings_sha, inputs_sha, definition_id, hypoxia_definition_id, run_id)
VALUES (:from_scan, :to_scan, :settings_sha, :inputs_sha, :definition_id, :hypoxia_definition_id, :run_id);

-- name: comparison_remove
DELETE FROM comparison WHERE from_scan = :from_scan AND to_scan = :to_scan;

-- name: comparisons
SELECT from_scan, to_scan FROM comparison ORDER BY from_scan, to_scan;

-- name: change_add
INSERT INTO change (from_scan, to_scan, roi, name, aggregation, value, unit, reason, of_hypoxia)
VALUES (:from_scan, :to_scan, :roi, :name, :aggregation, :value, :unit, :reason, :of_hypoxia);

-- name: feature_values
-- CROSS JOIN keeps the order: from the scans to one look-up each, never through all values.
SELECT s.patient, f.value FROM accepted_scan AS s CROSS JOIN feature AS f ON f.scan_id = s.scan_id
WHERE s.tracer_slug = :tracer AND s.timepoint = :from AND f.roi = :roi AND f.name = :name AND f.aggregation = :aggregation;

-- name: change_values
SELECT a.patient, c.value FROM accepted_scan AS a CROSS JOIN comparison AS x ON x.from_scan = a.scan_id
    CROSS JOIN accepted_scan AS b ON b.scan_id = x.to_scan
    CROSS JOIN change AS c ON c.from_scan = x.from_scan AND c.to_scan = x.to_scan
WHERE a.tracer_slug = :tracer AND a.timepoint = :from AND b.timepoint = :to AND c.roi = :roi AND c.name = :name
    AND c.aggregation = :aggregation;

-- name: scan_days
SELECT patient, tracer_slug, day FROM accepted_scan WHERE timepoint = :timepoint AND status = 'done';

-- name: feature_definitions
SELECT DISTINCT d.document, f.unit FROM accepted_scan AS s JOIN feature AS f USING (scan_id) JOIN extraction AS x USING (scan_id)
    JOIN feature_info AS i ON i.name = f.name
    JOIN definition AS d ON d.definition_id = CASE i.family WHEN 'hypoxia' THEN x.hypoxia_definition_id ELSE x.definition_id END
WHERE s.tracer_slug = :tracer AND s.timepoint = :from AND f.roi = :roi AND f.name = :name AND f.aggregation = :aggregation
    AND f.value IS NOT NULL
ORDER BY d.document, f.unit;

-- name: change_definitions
SELECT DISTINCT d.document, c.unit FROM change AS c JOIN accepted_scan AS a ON a.scan_id = c.from_scan
    JOIN accepted_scan AS b ON b.scan_id = c.to_scan
    JOIN comparison AS x ON x.from_scan = c.from_scan AND x.to_scan = c.to_scan
    JOIN definition AS d ON d.definition_id = CASE c.of_hypoxia WHEN 1 THEN x.hypoxia_definition_id ELSE x.definition_id END
WHERE a.tracer_slug = :tracer AND a.timepoint = :from AND b.timepoint = :to AND c.roi = :roi AND c.name = :name
    AND c.aggregation = :aggregation AND c.value IS NOT NULL
ORDER BY d.document, c.unit;
