-- Fills upstream's tables with @COUNT@ images: see list_databases/main.rs for what they are.
-- Image n has n as the last 12 digits of its id; the first 8 scatter it.

INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,
    container_format, checksum, owner, min_disk, min_ram, visibility, os_hash_algo, os_hash_value)
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < @COUNT@)
SELECT hash || printf('-0000-4000-8000-%012d', n), 'image ' || n,
    n * 7919 % 1000 * 1000000, 'active',
    datetime('2024-01-01', n || ' minutes') || '.000000',
    datetime('2024-01-01', (n + 60) || ' minutes') || '.000000', 0,
    iif(n % 4 = 0, 'raw', 'qcow2'), 'bare', replace('0000', '0', hash),
    'p' || ((n * 37 + n / 1000) % 1000), 0, 0,
    iif(n % 10 < 4, 'private', iif(n % 10 < 7, 'public', 'shared')),
    'sha512', replace('................', '.', hash)
FROM (SELECT n, printf('%08x', n * 2654435761 % 4294967296) AS hash FROM numbers)
ORDER BY 1;

INSERT INTO image_properties (image_id, name, value, created_at, deleted)
SELECT id, name, CASE name
        WHEN 'hw_disk_bus' THEN 'virtio'
        WHEN 'os_distro' THEN 'distro ' || ((n * 31 + n / 100 + 50) % 100)
        ELSE 'version ' || (n / 10 % 10) END, created_at, 0
FROM (SELECT id, created_at, CAST(substr(id, 25) AS INTEGER) AS n FROM images)
    CROSS JOIN (SELECT 'hw_disk_bus' AS name UNION ALL SELECT 'os_distro'
        UNION ALL SELECT 'os_version');

INSERT INTO image_tags (image_id, value, created_at, deleted)
SELECT id, iif(which = 1, 'common', 'tag ' || ((n * 31 + n / 100) % 100)), created_at, 0
FROM (SELECT id, created_at, CAST(substr(id, 25) AS INTEGER) AS n FROM images)
    CROSS JOIN (SELECT 1 AS which UNION ALL SELECT 2);

INSERT INTO image_locations (image_id, value, created_at, deleted, meta_data, status)
SELECT id, 'file:///images/' || id, created_at, 0, '{"store": "disk"}', 'active' FROM images;

INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
SELECT id, iif(which = 1, 'everything', 'q' || (n % 1000)), 0, created_at, 0, 'accepted'
FROM (SELECT id, created_at, CAST(substr(id, 25) AS INTEGER) AS n FROM images
        WHERE visibility = 'shared')
    CROSS JOIN (SELECT 1 AS which UNION ALL SELECT 2);

INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
SELECT id, 'p7', 0, created_at, 0, iif(n % 7 = 0, 'pending', 'accepted')
FROM (SELECT id, created_at, CAST(substr(id, 25) AS INTEGER) AS n FROM images)
WHERE n % (10 * @STEP@) = 7 LIMIT 60;
