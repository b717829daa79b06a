-- What this service adds to Glance's tables on MySQL and MariaDB, all named glance_rs_*. A statement
-- is made where what it names first is not there: neither database has `IF NOT EXISTS` for all.
--
-- There are no partial, collated or computed indexes in both, so what a list is ordered by stands in
-- columns that nobody sees who does not name them (docs/adr/0008): computed ones, and two that keep
-- the fraction of seconds that upstream's columns have no room for.

ALTER TABLE images ADD COLUMN glance_rs_created DATETIME(6) INVISIBLE;
ALTER TABLE images ADD COLUMN glance_rs_updated DATETIME(6) INVISIBLE;
ALTER TABLE images ADD COLUMN glance_rs_created_at DATETIME(6)
    AS (COALESCE(glance_rs_created, created_at)) STORED INVISIBLE;
-- Ours, unless upstream has written since.
ALTER TABLE images ADD COLUMN glance_rs_updated_at DATETIME(6)
    AS (CASE WHEN glance_rs_updated >= updated_at
            AND glance_rs_updated < updated_at + INTERVAL 1 SECOND THEN glance_rs_updated
        ELSE COALESCE(updated_at, glance_rs_created, created_at) END) STORED INVISIBLE;
ALTER TABLE images ADD COLUMN glance_rs_container_format VARBINARY(60)
    AS (CAST(container_format AS BINARY)) STORED INVISIBLE;
ALTER TABLE images ADD COLUMN glance_rs_disk_format VARBINARY(60)
    AS (CAST(disk_format AS BINARY)) STORED INVISIBLE;
ALTER TABLE images ADD COLUMN glance_rs_name VARBINARY(765)
    AS (CAST(name AS BINARY)) STORED INVISIBLE;

-- A list is read from the index of its visibility, or of its owner, in the order of its sort key
-- (docs/adr/0002): hidden or not comes early, because every list asks for one of the two.

CREATE INDEX glance_rs_images_visibility_container_format
    ON images (visibility, deleted, os_hidden, glance_rs_container_format, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_visibility_created_at
    ON images (visibility, deleted, os_hidden, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_visibility_disk_format
    ON images (visibility, deleted, os_hidden, glance_rs_disk_format, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_visibility_id
    ON images (visibility, deleted, os_hidden, id);
CREATE INDEX glance_rs_images_visibility_name
    ON images (visibility, deleted, os_hidden, glance_rs_name, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_visibility_size
    ON images (visibility, deleted, os_hidden, size, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_visibility_status
    ON images (visibility, deleted, os_hidden, status, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_visibility_updated_at
    ON images (visibility, deleted, os_hidden, glance_rs_updated_at, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_container_format
    ON images (owner, deleted, os_hidden, glance_rs_container_format, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_created_at
    ON images (owner, deleted, os_hidden, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_disk_format
    ON images (owner, deleted, os_hidden, glance_rs_disk_format, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_id
    ON images (owner, deleted, os_hidden, id);
CREATE INDEX glance_rs_images_owner_name
    ON images (owner, deleted, os_hidden, glance_rs_name, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_size
    ON images (owner, deleted, os_hidden, size, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_status
    ON images (owner, deleted, os_hidden, status, glance_rs_created_at, id);
CREATE INDEX glance_rs_images_owner_updated_at
    ON images (owner, deleted, os_hidden, glance_rs_updated_at, glance_rs_created_at, id);

-- What the scrubber looks for: images that stayed queued for long.
CREATE INDEX glance_rs_images_idle_queued
    ON images (status, deleted, glance_rs_updated_at, id);

-- What an image bears in another table. Values may be longer than an index can hold.
CREATE INDEX glance_rs_image_members_member ON image_members (member, deleted, status, image_id);
CREATE INDEX glance_rs_image_tags_value ON image_tags (value, deleted, image_id);
CREATE INDEX glance_rs_image_properties_value
    ON image_properties (name, value(64), deleted, image_id);

-- What lists of tasks are read from, and what is looked for once they expire.
CREATE INDEX glance_rs_tasks_created_at ON tasks (deleted, created_at, id);
CREATE INDEX glance_rs_tasks_owner_created_at ON tasks (owner, deleted, created_at, id);
CREATE INDEX glance_rs_tasks_expires_at ON tasks (deleted, expires_at);

-- Work on blobs that is under way (glance_core::domain::Intent). No foreign key: Glance's purge of
-- deleted images knows nothing of this table.
CREATE TABLE glance_rs_intents (
    id VARCHAR(255) NOT NULL,
    image_id VARCHAR(36) NOT NULL,
    store VARCHAR(255) NOT NULL,
    work VARCHAR(16) NOT NULL,
    url TEXT,
    node VARCHAR(700) NOT NULL,
    process VARCHAR(255) NOT NULL,
    lease_until DATETIME(6) NOT NULL,
    PRIMARY KEY (id),
    KEY lease_until (lease_until)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
CREATE INDEX glance_rs_intents_image_id ON glance_rs_intents (image_id);

-- One row for each name that is locked while what it stands for is counted.
CREATE TABLE glance_rs_locks (
    name VARCHAR(300) NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Bytes that uploads may still write: what counts, as long as the intent of the upload is there, in
-- what its project stores.
CREATE TABLE glance_rs_reservations (
    intent_id VARCHAR(255) NOT NULL,
    owner VARCHAR(255) NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (intent_id),
    KEY owner (owner)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- How often work was taken over from a process that died: as long as its intent is there.
CREATE TABLE glance_rs_take_overs (
    intent_id VARCHAR(255) NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (intent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
