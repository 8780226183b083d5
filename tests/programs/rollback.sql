PRAGMA journal_mode = DELETE;
CREATE TABLE numbers (n INTEGER PRIMARY KEY, square INTEGER, name TEXT);
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000)
    INSERT INTO numbers SELECT x, x * x, 'number ' || x FROM c;
CREATE INDEX by_name ON numbers (name);
BEGIN;
DELETE FROM numbers WHERE n > 100;
SELECT 'inside', count(*), sum(square) FROM numbers;
ROLLBACK;
SELECT 'after', count(*), sum(square) FROM numbers;
UPDATE numbers SET name = upper(name) WHERE n % 3 = 0;
SELECT n, name FROM numbers WHERE name LIKE '%99' ORDER BY square DESC LIMIT 5;
SELECT substr(name, 1, 3), count(*), avg(square) FROM numbers GROUP BY 1 ORDER BY 1;
VACUUM;
PRAGMA integrity_check;
