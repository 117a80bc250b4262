-- db/query/scan.sql: scans, their regions and the study's row

-- name: scan_inputs
SELECT inputs_sha FROM scan WHERE scan_id = :scan_id;

-- name: scan_set
INSERT INTO scan (scan_id, patient, timepoint, tracer, tracer_slug, status, units, day, uptake_min, injected_mbq, weight_kg, height_m,
    sex, center, reference_value, nx, ny, nz, dx_mm, dy_mm, dz_mm, image_sha, inputs_sha, run_id)
VALUES (:scan_id, :patient, :timepoint, :tracer, :tracer_slug, :status, :units, :day, :uptake_min, :injected_mbq, :weight_kg,
    :height_m, :sex, :center, :reference_value, :nx, :ny, :nz, :dx_mm, :dy_mm, :dz_mm, :image_sha, :inputs_sha, :run_id);

-- name: scan_remove
DELETE FROM scan WHERE scan_id = :scan_id;

-- name: scan_key
SELECT tracer_slug, timepoint FROM scan WHERE scan_id = :scan_id;

-- name: region_add
INSERT INTO region (scan_id, roi, is_reference, voxels, volume_ml, mean, sd, cov, mask_sha)
VALUES (:scan_id, :roi, :is_reference, :voxels, :volume_ml, :mean, :sd, :cov, :mask_sha);

-- name: scans_all
SELECT s.scan_id, s.patient, s.timepoint, s.tracer, s.tracer_slug, s.status, s.day, s.inputs_sha, x.settings_sha, x.inputs_sha
FROM scan AS s LEFT JOIN extraction AS x USING (scan_id) LEFT JOIN timepoint AS t ON t.name = s.timepoint
ORDER BY s.patient, s.tracer_slug, t.position, s.timepoint;

-- name: scans_accepted
SELECT s.scan_id, s.patient, s.timepoint, s.tracer, s.tracer_slug, s.status, s.day, s.inputs_sha, x.settings_sha, x.inputs_sha
FROM accepted_scan AS s LEFT JOIN extraction AS x USING (scan_id) LEFT JOIN timepoint AS t ON t.name = s.timepoint
ORDER BY s.patient, s.tracer_slug, t.position, s.timepoint;

-- name: study_get
SELECT name FROM study;

-- name: study_set
INSERT INTO study (one, name) VALUES (1, :name) ON CONFLICT (one) DO UPDATE SET name = excluded.name;

-- name: timepoints
SELECT name FROM timepoint ORDER BY position;

-- name: tracers
SELECT DISTINCT tracer_slug FROM scan ORDER BY tracer_slug;

-- name: tracer_units
SELECT coalesce(min(units), 'SUV') FROM scan GROUP BY tracer_slug ORDER BY tracer_slug;

-- name: rois
SELECT DISTINCT roi FROM region WHERE is_reference = 0 ORDER BY roi;

-- name: timepoints_clear
DELETE FROM timepoint;

-- name: timepoint_add
INSERT INTO timepoint (name, position) VALUES (:name, :position);
