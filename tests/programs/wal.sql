PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA wal_autocheckpoint = 50;
CREATE TABLE log (id INTEGER PRIMARY KEY, line TEXT);
WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000)
    INSERT INTO log (line) SELECT printf('%08x some text %d', x * 7919, x) FROM c;
BEGIN;
INSERT INTO log (line) VALUES ('not for long');
ROLLBACK;
DELETE FROM log WHERE id % 5 = 0;
PRAGMA wal_checkpoint(TRUNCATE);
SELECT count(*), max(id), min(line), max(line) FROM log;
PRAGMA integrity_check;
