-- db/query/patient.sql: patients and the clinical table

-- name: patient_rows
SELECT patient, row FROM patient ORDER BY patient;

-- name: patient_set
INSERT INTO patient (patient, row) VALUES (:patient, :row) ON CONFLICT (patient) DO UPDATE SET row = excluded.row;

-- name: patient_remove
DELETE FROM patient WHERE patient = :patient;

-- name: clinical_of_patient
SELECT name, number, text FROM clinical WHERE patient = :patient ORDER BY name;

-- name: clinical_set
INSERT INTO clinical (patient, name, number, text) VALUES (:patient, :name, :number, :text)
ON CONFLICT (patient, name) DO UPDATE SET number = excluded.number, text = excluded.text;

-- name: clinical_remove
DELETE FROM clinical WHERE patient = :patient AND name = :name;

-- name: clinical_remove_column
DELETE FROM clinical WHERE name = :name;

-- name: clinical_columns
SELECT name, position, type, label, unit FROM clinical_column ORDER BY position;

-- name: clinical_column_set
INSERT INTO clinical_column (name, position, type, label, unit) VALUES (:name, :position, :type, :label, :unit)
ON CONFLICT (name) DO UPDATE SET position = excluded.position, type = excluded.type, label = excluded.label, unit = excluded.unit;

-- name: clinical_column_remove
DELETE FROM clinical_column WHERE name = :name;

-- name: accepted_patients
SELECT patient, row FROM accepted_patient ORDER BY row, patient;

-- name: clinical_of_column
SELECT patient, number, text FROM clinical WHERE name = :name;

-- name: clinical_column_get
SELECT label, unit FROM clinical_column WHERE name = :name;
