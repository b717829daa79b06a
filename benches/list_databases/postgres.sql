-- Fills upstream's tables with @COUNT@ images: see list_databases/main.rs for what they are.
-- Image n has n as the last 12 digits of its id; the first 8 scatter it.

SET session_replication_role = replica;

INSERT INTO images (id, name, size, status, created_at, updated_at, deleted, disk_format,
    container_format, checksum, owner, min_disk, min_ram, visibility, os_hash_algo, os_hash_value)
SELECT hash || '-0000-4000-8000-' || lpad(n::text, 12, '0'), 'image ' || n,
    n * 7919 % 1000 * 1000000, 'active', created, created + interval '1 hour', false,
    CASE WHEN n % 4 = 0 THEN 'raw' ELSE 'qcow2' END, 'bare', repeat(hash, 4),
    'p' || (n * 37 + n / 1000) % 1000, 0, 0,
    (CASE WHEN n % 10 < 4 THEN 'private' WHEN n % 10 < 7 THEN 'public' ELSE 'shared'
        END)::image_visibility, 'sha512', repeat(hash, 16)
FROM (SELECT n, lpad(to_hex(n * 2654435761 % 4294967296), 8, '0') AS hash,
        timestamp '2024-01-01' + n * interval '1 minute' AS created
    FROM generate_series(1::bigint, @COUNT@) AS n) AS numbers
ORDER BY 1;

INSERT INTO image_properties (image_id, name, value, created_at, deleted)
SELECT id, property.name, CASE property.name
        WHEN 'hw_disk_bus' THEN 'virtio'
        WHEN 'os_distro' THEN 'distro ' || (n * 31 + n / 100 + 50) % 100
        ELSE 'version ' || n / 10 % 10 END, created_at, false
FROM (SELECT id, created_at, substr(id, 25)::bigint AS n FROM images) AS numbered,
    (VALUES ('hw_disk_bus'), ('os_distro'), ('os_version')) AS property (name);

INSERT INTO image_tags (image_id, value, created_at, deleted)
SELECT id, CASE which WHEN 1 THEN 'common' ELSE 'tag ' || (n * 31 + n / 100) % 100 END,
    created_at, false
FROM (SELECT id, created_at, substr(id, 25)::bigint AS n FROM images) AS numbered,
    (VALUES (1), (2)) AS two (which);

INSERT INTO image_locations (image_id, value, created_at, deleted, meta_data, status)
SELECT id, 'file:///images/' || id, created_at, false, '{"store": "disk"}', 'active' FROM images;

INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
SELECT id, CASE which WHEN 1 THEN 'everything' ELSE 'q' || n % 1000 END, false, created_at, false,
    'accepted'
FROM (SELECT id, created_at, substr(id, 25)::bigint AS n FROM images
        WHERE visibility = 'shared') AS numbered,
    (VALUES (1), (2)) AS two (which);

INSERT INTO image_members (image_id, member, can_share, created_at, deleted, status)
SELECT id, 'p7', false, created_at, false, CASE WHEN n % 7 = 0 THEN 'pending' ELSE 'accepted' END
FROM (SELECT id, created_at, substr(id, 25)::bigint AS n FROM images) AS numbered
WHERE n % (10 * @STEP@) = 7 LIMIT 60;
