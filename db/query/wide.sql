-- db/query/wide.sql: which v_wide views there are, and which views and columns can be exported

-- name: wide_views
SELECT name, sql FROM sqlite_master WHERE type = 'view' AND name GLOB 'v_wide*' ORDER BY name;

-- name: views
SELECT name FROM sqlite_master WHERE type = 'view' AND name GLOB 'v_*' ORDER BY name;
