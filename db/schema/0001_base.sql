-- db/schema/0001_base.sql: tables and stable views of a study's database.
--
-- What a value is does not depend on when it came: ids of scans and definitions are digests of what they stand for, and time is
-- kept in `run` and `audit` alone. So the same files give the same tables, however often ingestion was cut short.

-- ---- provenance: what was done when, by which version, from which files. Rows are never deleted.
CREATE TABLE run (
    run_id        INTEGER PRIMARY KEY,
    version       TEXT NOT NULL,
    command       TEXT NOT NULL,
    settings_sha  TEXT,                            -- of study.json
    inputs        TEXT NOT NULL DEFAULT '{}',      -- file: SHA-256
    started       TEXT NOT NULL,                   -- UTC, ISO 8601
    ended         TEXT,
    exit_code     INTEGER,
    CHECK ((ended IS NULL) = (exit_code IS NULL))
) STRICT;
CREATE TRIGGER run_is_kept BEFORE DELETE ON run BEGIN SELECT RAISE(ABORT, 'rows of run are never deleted'); END;
CREATE TRIGGER run_ends_once BEFORE UPDATE ON run WHEN OLD.ended IS NOT NULL OR NEW.run_id <> OLD.run_id
    OR NEW.version <> OLD.version OR NEW.command <> OLD.command OR NEW.started <> OLD.started
BEGIN SELECT RAISE(ABORT, 'a row of run is completed once'); END;

-- A chain: row_sha = SHA-256(prev_sha, and the row's own columns), so a row that was altered later shows.
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    run_id    INTEGER NOT NULL REFERENCES run (run_id),
    at        TEXT NOT NULL,
    action    TEXT NOT NULL,                       -- add, change, remove, refused, accepted, extract, fit, report …
    object    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    prev_sha  TEXT NOT NULL,
    row_sha   TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'rows of audit are never deleted'); END;
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'rows of audit are never changed'); END;

-- Verdicts on subjects, newest last. A row is added only when the verdict or its reason changed; a subject without a row was
-- never refused. kind table: file alone; patient; scan: patient, timepoint, tracer; features: a scan whose features the settings
-- cannot give; model: subject.
CREATE TABLE rejection (
    rejection_id  INTEGER PRIMARY KEY,
    run_id        INTEGER NOT NULL REFERENCES run (run_id),
    kind          TEXT NOT NULL CHECK (kind IN ('table', 'patient', 'scan', 'features', 'model')),
    subject       TEXT NOT NULL,                   -- one text that names the subject within its kind
    verdict       TEXT NOT NULL CHECK (verdict IN ('refused', 'accepted')),
    file          TEXT,
    patient       TEXT,
    timepoint     TEXT,
    tracer        TEXT,
    reason        TEXT NOT NULL
) STRICT;
CREATE INDEX rejection_newest ON rejection (kind, subject, rejection_id);
CREATE INDEX rejection_of_patient ON rejection (patient);
CREATE TRIGGER rejection_is_kept BEFORE DELETE ON rejection BEGIN SELECT RAISE(ABORT, 'rows of rejection are never deleted'); END;
CREATE TRIGGER rejection_stands BEFORE UPDATE ON rejection BEGIN SELECT RAISE(ABORT, 'rows of rejection are never changed'); END;

-- ---- the study as it was last accepted. Hashes of its tables stand in `run`: a table may change though all that is new in it
-- was refused.
CREATE TABLE study (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    name  TEXT NOT NULL
) STRICT;

CREATE TABLE timepoint (
    name      TEXT PRIMARY KEY,
    position  INTEGER NOT NULL                     -- order in time, from 1
) STRICT, WITHOUT ROWID;

CREATE TABLE clinical_column (
    name      TEXT PRIMARY KEY,
    position  INTEGER NOT NULL,
    type      TEXT NOT NULL CHECK (type IN ('number', 'text')),
    label     TEXT,
    unit      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE patient (
    patient   TEXT PRIMARY KEY,
    row       INTEGER NOT NULL CHECK (row > 0)     -- place among the accepted rows of clinical.csv; names the patient's report
) STRICT, WITHOUT ROWID;

-- A missing cell has no row.
CREATE TABLE clinical (
    patient   TEXT NOT NULL REFERENCES patient (patient) ON DELETE CASCADE,
    name      TEXT NOT NULL,
    number    REAL,
    text      TEXT,
    PRIMARY KEY (patient, name),
    CHECK ((number IS NULL) <> (text IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE scan (
    scan_id          INTEGER PRIMARY KEY,          -- digest of patient, time point and tracer
    patient          TEXT NOT NULL REFERENCES patient (patient) ON DELETE CASCADE,
    timepoint        TEXT NOT NULL,
    tracer           TEXT NOT NULL,                -- as written
    tracer_slug      TEXT NOT NULL,                -- as in names of variables
    status           TEXT NOT NULL CHECK (status IN ('done', 'not_done', 'not_assessable')),
    units            TEXT,
    day              REAL,                         -- from the endpoints' time zero
    uptake_min       REAL,
    injected_mbq     REAL,
    weight_kg        REAL,
    height_m         REAL,
    sex              TEXT,
    center           TEXT,
    reference_value  REAL,                         -- in the image's unit
    nx INTEGER, ny INTEGER, nz INTEGER,            -- voxels
    dx_mm REAL, dy_mm REAL, dz_mm REAL,
    image_sha        TEXT,
    inputs_sha       TEXT NOT NULL,                -- of the row and of every file it names
    run_id           INTEGER NOT NULL REFERENCES run (run_id),
    UNIQUE (patient, timepoint, tracer_slug),
    CHECK ((status = 'done') = (image_sha IS NOT NULL)),
    CHECK ((image_sha IS NULL) = (nx IS NULL))
) STRICT;
CREATE INDEX scan_of_tracer ON scan (tracer_slug, timepoint);

CREATE TABLE region (
    scan_id       INTEGER NOT NULL REFERENCES scan (scan_id) ON DELETE CASCADE,
    roi           TEXT NOT NULL,
    is_reference  INTEGER NOT NULL CHECK (is_reference IN (0, 1)),
    voxels        INTEGER NOT NULL CHECK (voxels > 0),
    volume_ml     REAL NOT NULL CHECK (volume_ml > 0),
    mean          REAL NOT NULL,                   -- of the image inside, in its unit
    sd            REAL,                            -- n - 1; NULL for one voxel
    cov           REAL,                            -- sd / mean; NULL where that cannot be
    mask_sha      TEXT NOT NULL,
    PRIMARY KEY (scan_id, roi)
) STRICT, WITHOUT ROWID;

-- ---- features
CREATE TABLE feature_info (                        -- the rows of features.def that made the values
    name        TEXT PRIMARY KEY,
    family      TEXT NOT NULL,
    ibsi        TEXT,
    unit        TEXT NOT NULL,
    definition  TEXT NOT NULL,
    source      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE definition (                          -- what a number means: settings, or reference, threshold and operator
    definition_id  INTEGER PRIMARY KEY,            -- digest of the document
    document       TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE extraction (                          -- a scan whose features are here, and what they were made of
    scan_id                INTEGER PRIMARY KEY REFERENCES scan (scan_id) ON DELETE CASCADE,
    settings_sha           TEXT NOT NULL,
    inputs_sha             TEXT NOT NULL,
    definition_id          INTEGER NOT NULL REFERENCES definition (definition_id),     -- of all features but those of
    hypoxia_definition_id  INTEGER NOT NULL REFERENCES definition (definition_id),     -- the family hypoxia
    run_id                 INTEGER NOT NULL REFERENCES run (run_id)
) STRICT;
CREATE INDEX extraction_by_definition ON extraction (definition_id);
CREATE INDEX extraction_by_hypoxia_definition ON extraction (hypoxia_definition_id);

CREATE TABLE feature (
    scan_id        INTEGER NOT NULL REFERENCES extraction (scan_id) ON DELETE CASCADE,
    roi            TEXT NOT NULL,
    name           TEXT NOT NULL REFERENCES feature_info (name),
    aggregation    TEXT NOT NULL,                  -- '' for none
    value          REAL,                           -- NULL: undefined, and reason says why
    unit           TEXT NOT NULL,                  -- of this value: "intensity" of feature_info is the image's unit here
    reason         TEXT,
    PRIMARY KEY (scan_id, roi, name, aggregation),
    CHECK ((value IS NULL) = (reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE comparison (                          -- a pair of serial scans whose changes are here
    from_scan              INTEGER NOT NULL REFERENCES extraction (scan_id) ON DELETE CASCADE,
    to_scan                INTEGER NOT NULL REFERENCES extraction (scan_id) ON DELETE CASCADE,
    settings_sha           TEXT NOT NULL,
    inputs_sha             TEXT NOT NULL,
    definition_id          INTEGER NOT NULL REFERENCES definition (definition_id),
    hypoxia_definition_id  INTEGER NOT NULL REFERENCES definition (definition_id),
    run_id                 INTEGER NOT NULL REFERENCES run (run_id),
    PRIMARY KEY (from_scan, to_scan)
) STRICT, WITHOUT ROWID;
CREATE INDEX comparison_to ON comparison (to_scan);
CREATE INDEX comparison_by_definition ON comparison (definition_id);
CREATE INDEX comparison_by_hypoxia_definition ON comparison (hypoxia_definition_id);

CREATE TABLE change (
    from_scan      INTEGER NOT NULL,
    to_scan        INTEGER NOT NULL,
    roi            TEXT NOT NULL,
    name           TEXT NOT NULL,                  -- delta_<feature>, ratio_<feature>, or a change of voxels
    aggregation    TEXT NOT NULL,
    value          REAL,
    unit           TEXT NOT NULL,
    reason         TEXT,
    of_hypoxia     INTEGER NOT NULL CHECK (of_hypoxia IN (0, 1)),      -- which of the comparison's two definitions
    PRIMARY KEY (from_scan, to_scan, roi, name, aggregation),
    FOREIGN KEY (from_scan, to_scan) REFERENCES comparison (from_scan, to_scan) ON DELETE CASCADE,
    CHECK ((value IS NULL) = (reason IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- ---- models
CREATE TABLE model (
    name          TEXT PRIMARY KEY,
    position      INTEGER NOT NULL,                -- place in the protocol, from 1
    method        TEXT NOT NULL,
    formula       TEXT NOT NULL,
    endpoint      TEXT,
    landmark      TEXT,
    settings_sha  TEXT NOT NULL,                   -- of the model's entry in the protocol and of what it refers to
    inputs_sha    TEXT NOT NULL,                   -- of the table that it was fitted to
    status        TEXT NOT NULL CHECK (status IN ('ok', 'not_estimated')),
    diagnosis     TEXT NOT NULL,
    n             INTEGER,
    nevent        INTEGER,
    fit           TEXT NOT NULL,
    stale         INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),          -- its inputs changed since
    run_id        INTEGER NOT NULL REFERENCES run (run_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE model_column (                        -- what a model reads
    model      TEXT NOT NULL REFERENCES model (name) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    tracer     TEXT,                               -- slug, for a variable of a scan; NULL for a clinical column
    timepoint  TEXT NOT NULL DEFAULT '',           -- '' for a clinical column
    PRIMARY KEY (model, name, timepoint)
) STRICT;

CREATE TABLE model_row (                           -- who is not in a model, and why
    model    TEXT NOT NULL REFERENCES model (name) ON DELETE CASCADE,
    patient  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    PRIMARY KEY (model, patient)
) STRICT, WITHOUT ROWID;

CREATE TABLE term (
    model      TEXT NOT NULL REFERENCES model (name) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    term       TEXT NOT NULL,
    coef       REAL,
    se         REAL,
    measure    TEXT NOT NULL,                      -- HR, OR, …: what exp(coef) is, or '' where it is nothing
    ratio      REAL,
    lower95    REAL,
    upper95    REAL,
    p          REAL,
    PRIMARY KEY (model, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE prediction (
    model     TEXT NOT NULL REFERENCES model (name) ON DELETE CASCADE,
    patient   TEXT NOT NULL,
    measure   TEXT NOT NULL,                       -- risk, cumulative_incidence, probability
    horizon   REAL NOT NULL,                       -- in the endpoint's unit, from the model's clock; 0 for a response
    value     REAL,
    lower95   REAL,
    upper95   REAL,
    in_range  INTEGER NOT NULL CHECK (in_range IN (0, 1)),
    note      TEXT,
    PRIMARY KEY (model, patient, measure, horizon)
) STRICT, WITHOUT ROWID;

CREATE TABLE report (                              -- what lies in STUDY/reports, and what it was made of
    file        TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    patient     TEXT,
    inputs_sha  TEXT NOT NULL,
    file_sha    TEXT NOT NULL,
    stale       INTEGER NOT NULL DEFAULT 0 CHECK (stale IN (0, 1)),
    run_id      INTEGER NOT NULL REFERENCES run (run_id)
) STRICT, WITHOUT ROWID;

-- ---- who counts: subjects whose newest verdict is no refusal. A table refused whole takes all of its rows with it.
CREATE VIEW newest_verdict AS
    SELECT kind, subject, verdict, file, patient, timepoint, tracer, reason, run_id, rejection_id FROM rejection AS r
    WHERE rejection_id = (SELECT max(rejection_id) FROM rejection AS n WHERE n.kind = r.kind AND n.subject = r.subject);

CREATE VIEW accepted_patient AS
    SELECT p.* FROM patient AS p
    WHERE NOT EXISTS (SELECT 1 FROM newest_verdict WHERE kind = 'table' AND subject = 'clinical' AND verdict = 'refused')
      AND NOT EXISTS (SELECT 1 FROM newest_verdict AS v WHERE v.kind = 'patient' AND v.subject = p.patient AND v.verdict = 'refused');

CREATE VIEW accepted_scan AS
    SELECT s.* FROM scan AS s
    WHERE EXISTS (SELECT 1 FROM accepted_patient AS p WHERE p.patient = s.patient)
      AND NOT EXISTS (SELECT 1 FROM newest_verdict WHERE kind = 'table' AND subject = 'scans' AND verdict = 'refused')
      AND NOT EXISTS (SELECT 1 FROM newest_verdict AS v WHERE v.kind = 'scan' AND v.verdict = 'refused'
                      AND v.subject = s.patient || '/' || s.timepoint || '/' || s.tracer_slug);

-- ---- the stable views
CREATE VIEW v_patient AS SELECT patient, row FROM accepted_patient;

CREATE VIEW v_scan AS
    SELECT patient, timepoint, tracer, tracer_slug, status, units, day, uptake_min, injected_mbq, weight_kg, height_m, sex,
           center, reference_value, nx, ny, nz, dx_mm, dy_mm, dz_mm, image_sha, inputs_sha, scan_id
    FROM accepted_scan;

CREATE VIEW v_region AS
    SELECT s.patient, s.timepoint, s.tracer, r.roi, r.is_reference, r.voxels, r.volume_ml, r.mean, r.sd, r.cov, r.mask_sha
    FROM region AS r JOIN accepted_scan AS s USING (scan_id);

CREATE VIEW v_feature AS
    SELECT s.patient, s.timepoint, s.tracer, f.roi, f.name AS feature, nullif(f.aggregation, '') AS aggregation, f.value,
           CASE WHEN f.reason IS NULL THEN 'ok' ELSE 'undefined' END AS status, f.reason, f.unit, d.document AS definition, i.ibsi,
           i.family
    FROM accepted_scan AS s JOIN extraction AS x USING (scan_id) JOIN feature AS f USING (scan_id)
         JOIN feature_info AS i ON i.name = f.name
         JOIN definition AS d ON d.definition_id = CASE i.family WHEN 'hypoxia' THEN x.hypoxia_definition_id ELSE x.definition_id END;

CREATE VIEW v_change AS
    SELECT a.patient, a.tracer, a.timepoint AS from_timepoint, b.timepoint AS to_timepoint, c.roi, c.name AS change,
           nullif(c.aggregation, '') AS aggregation, c.value, CASE WHEN c.reason IS NULL THEN 'ok' ELSE 'undefined' END AS status,
           c.reason, c.unit, d.document AS definition
    FROM comparison AS x JOIN accepted_scan AS a ON a.scan_id = x.from_scan JOIN accepted_scan AS b ON b.scan_id = x.to_scan
         JOIN change AS c ON c.from_scan = x.from_scan AND c.to_scan = x.to_scan
         JOIN definition AS d ON d.definition_id = CASE c.of_hypoxia WHEN 1 THEN x.hypoxia_definition_id ELSE x.definition_id END;

CREATE VIEW v_model AS
    SELECT m.name AS model, m.method, m.formula, m.endpoint, m.landmark, m.n, m.nevent, m.status, m.diagnosis,
           m.stale OR EXISTS (SELECT 1 FROM rejection AS r WHERE r.kind <> 'model' AND r.run_id > m.run_id) AS stale,
           m.settings_sha, m.inputs_sha, m.fit, m.position
    FROM model AS m
    WHERE NOT EXISTS (SELECT 1 FROM newest_verdict AS v WHERE v.kind = 'model' AND v.subject = m.name AND v.verdict = 'refused');

CREATE VIEW v_term AS
    SELECT t.model, t.term, t.coef, t.se, t.measure, t.ratio, t.lower95, t.upper95, t.p, t.position
    FROM term AS t JOIN v_model AS m USING (model);

CREATE VIEW v_model_row AS SELECT r.model, r.patient, r.reason FROM model_row AS r JOIN v_model AS m USING (model);

CREATE VIEW v_prediction AS
    SELECT q.model, q.patient, q.measure, q.horizon, q.value, q.lower95, q.upper95, q.in_range, q.note
    FROM prediction AS q JOIN v_model AS m USING (model) JOIN accepted_patient AS p USING (patient);

-- What is refused now, newest verdicts alone; the table `rejection` has the history.
CREATE VIEW v_rejection AS
    SELECT kind, file, patient, timepoint, tracer, CASE kind WHEN 'model' THEN subject END AS model, reason, run_id
    FROM newest_verdict WHERE verdict = 'refused';

CREATE VIEW v_run AS SELECT run_id, version, command, settings_sha, inputs, started, ended, exit_code FROM run;
