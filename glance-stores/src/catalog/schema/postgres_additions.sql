-- What this service adds to Glance's tables: never a changed column, all named glance_rs_*.
-- A list is read from the index of its visibility, or of its owner, in the order of its sort key
-- (docs/adr/0002): hidden or not comes first, because every list asks for one of the two.

CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_container_format
    ON images (visibility, os_hidden, container_format COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_created_at
    ON images (visibility, os_hidden, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_disk_format
    ON images (visibility, os_hidden, disk_format COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_id
    ON images (visibility, os_hidden, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_name
    ON images (visibility, os_hidden, name COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_size
    ON images (visibility, os_hidden, size NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_status
    ON images (visibility, os_hidden, status COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_visibility_updated_at
    ON images (visibility, os_hidden, (COALESCE(updated_at, created_at)) NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_container_format
    ON images (owner, os_hidden, container_format COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_created_at
    ON images (owner, os_hidden, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_disk_format
    ON images (owner, os_hidden, disk_format COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_id
    ON images (owner, os_hidden, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_name
    ON images (owner, os_hidden, name COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_size
    ON images (owner, os_hidden, size NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_status
    ON images (owner, os_hidden, status COLLATE "C" NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_images_owner_updated_at
    ON images (owner, os_hidden, (COALESCE(updated_at, created_at)) NULLS FIRST, created_at NULLS FIRST, id COLLATE "C" NULLS FIRST) WHERE NOT deleted;

-- What the scrubber looks for: images that stayed queued for long.
CREATE INDEX IF NOT EXISTS glance_rs_images_idle_queued
    ON images ((COALESCE(updated_at, created_at)) NULLS FIRST, id COLLATE "C" NULLS FIRST)
    WHERE NOT deleted AND status COLLATE "C" = 'queued';

-- What an image bears in another table. Values may be longer than an index can hold.
CREATE INDEX IF NOT EXISTS glance_rs_image_members_member
    ON image_members (member, status, image_id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_image_tags_value
    ON image_tags (value, image_id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_image_properties_value
    ON image_properties (name, SUBSTR(COALESCE(value, ''), 1, 64), image_id) WHERE NOT deleted;

-- What lists of tasks are read from, and what is looked for once they expire.
CREATE INDEX IF NOT EXISTS glance_rs_tasks_created_at
    ON tasks (created_at, id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_tasks_owner_created_at
    ON tasks (owner, created_at, id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS glance_rs_tasks_expires_at
    ON tasks (expires_at) WHERE NOT deleted;

-- Work on blobs that is under way (glance_core::domain::Intent). No foreign key: Glance's purge of
-- deleted images knows nothing of this table.
CREATE TABLE IF NOT EXISTS glance_rs_intents (
    id VARCHAR(255) NOT NULL,
    image_id VARCHAR(36) NOT NULL,
    store VARCHAR(255) NOT NULL,
    work VARCHAR(16) NOT NULL,
    url TEXT,
    node TEXT NOT NULL,
    process TEXT NOT NULL,
    lease_until TIMESTAMP NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX IF NOT EXISTS glance_rs_intents_lease_until ON glance_rs_intents (lease_until);
CREATE INDEX IF NOT EXISTS glance_rs_intents_image_id ON glance_rs_intents (image_id);

-- One row for each name that is locked while what it stands for is counted.
CREATE TABLE IF NOT EXISTS glance_rs_locks (
    name VARCHAR(300) NOT NULL,
    taken BIGINT NOT NULL,
    PRIMARY KEY (name)
);

-- Bytes that uploads may still write: what counts, as long as the intent of the upload is there, in
-- what its project stores.
CREATE TABLE IF NOT EXISTS glance_rs_reservations (
    intent_id VARCHAR(255) NOT NULL,
    owner VARCHAR(255) NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (intent_id)
);
CREATE INDEX IF NOT EXISTS glance_rs_reservations_owner ON glance_rs_reservations (owner);

-- How often work was taken over from a process that died: as long as its intent is there.
CREATE TABLE IF NOT EXISTS glance_rs_take_overs (
    intent_id VARCHAR(255) NOT NULL,
    times BIGINT NOT NULL,
    PRIMARY KEY (intent_id)
);
