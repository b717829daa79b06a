-- Fills upstream's tables with @COUNT@ images: see list_databases/main.rs for what they are.
-- Image n has n as the last 12 digits of its id; the first 8 scatter it.

SET foreign_key_checks = 0, unique_checks = 0;

CREATE TEMPORARY TABLE digits (d INTEGER NOT NULL);
INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);
-- A temporary table is read but once by a statement.
CREATE TABLE bench_numbers (n BIGINT NOT NULL PRIMARY KEY);
INSERT INTO bench_numbers SELECT d + 1 FROM digits;
INSERT INTO bench_numbers SELECT n + 10 * d FROM bench_numbers, digits WHERE d > 0;
INSERT INTO bench_numbers SELECT n + 100 * d FROM bench_numbers, digits WHERE d > 0;
INSERT INTO bench_numbers SELECT n + 1000 * d FROM bench_numbers, digits
    WHERE d > 0 AND n + 1000 * d <= @COUNT@;
INSERT INTO bench_numbers SELECT n + 10000 * d FROM bench_numbers, digits
    WHERE d > 0 AND n + 10000 * d <= @COUNT@;
INSERT INTO bench_numbers SELECT n + 100000 * d FROM bench_numbers, digits
    WHERE d > 0 AND n + 100000 * d <= @COUNT@;

INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,
    container_format, checksum, owner, min_disk, min_ram, visibility, os_hash_algo, os_hash_value)
SELECT CONCAT(hash, '-0000-4000-8000-', LPAD(n, 12, '0')), CONCAT('image ', n),
    n * 7919 % 1000 * 1000000, 'active', created, created + INTERVAL 1 HOUR, 0,
    IF(n % 4 = 0, 'raw', 'qcow2'), 'bare', REPEAT(hash, 4),
    CONCAT('p', (n * 37 + n DIV 1000) % 1000), 0, 0,
    IF(n % 10 < 4, 'private', IF(n % 10 < 7, 'public', 'shared')), 'sha512', REPEAT(hash, 16)
FROM (SELECT n, LPAD(LOWER(HEX(n * 2654435761 % 4294967296)), 8, '0') AS hash,
        TIMESTAMP '2024-01-01 00:00:00' + INTERVAL n MINUTE AS created
    FROM bench_numbers WHERE n <= @COUNT@) AS numbers
ORDER BY 1;
DROP TABLE bench_numbers;

INSERT INTO image_properties (image_id, name, value, created_at, deleted)
SELECT id, property.name, CASE property.name
        WHEN 'hw_disk_bus' THEN 'virtio'
        WHEN 'os_distro' THEN CONCAT('distro ', (n * 31 + n DIV 100 + 50) % 100)
        ELSE CONCAT('version ', n DIV 10 % 10) END, created_at, 0
FROM (SELECT id, created_at, CAST(SUBSTR(id, 25) AS SIGNED) AS n FROM images) AS numbered
    STRAIGHT_JOIN (SELECT 'hw_disk_bus' AS name UNION ALL SELECT 'os_distro'
        UNION ALL SELECT 'os_version') AS property;

INSERT INTO image_tags (image_id, value, created_at, deleted)
SELECT id, IF(which = 1, 'common', CONCAT('tag ', (n * 31 + n DIV 100) % 100)), created_at, 0
FROM (SELECT id, created_at, CAST(SUBSTR(id, 25) AS SIGNED) AS n FROM images) AS numbered
    STRAIGHT_JOIN (SELECT 1 AS which UNION ALL SELECT 2) AS two;

INSERT INTO image_locations (image_id, value, created_at, deleted, meta_data, status)
SELECT id, CONCAT('file:///images/', id), created_at, 0, '{"store": "disk"}', 'active' FROM images;

INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
SELECT id, IF(which = 1, 'everything', CONCAT('q', n % 1000)), 0, created_at, 0, 'accepted'
FROM (SELECT id, created_at, CAST(SUBSTR(id, 25) AS SIGNED) AS n FROM images
        WHERE visibility = 'shared') AS numbered
    STRAIGHT_JOIN (SELECT 1 AS which UNION ALL SELECT 2) AS two;

INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
SELECT id, 'p7', 0, created_at, 0, IF(n % 7 = 0, 'pending', 'accepted')
FROM (SELECT id, created_at, CAST(SUBSTR(id, 25) AS SIGNED) AS n FROM images) AS numbered
WHERE n % (10 * @STEP@) = 7 LIMIT 60;
