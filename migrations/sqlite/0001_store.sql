-- Conversations, turns, tickets, events with their deliveries, feedback.
--
-- Times are whole microseconds since 1970 (UTC). Enumerations are stored as their ids, as in the API. Columns of their own
-- are for what is filtered, sorted or counted; the rest of a record is JSON. Whatever grows stands last in its table, so that
-- reading what stands before it touches no overflow page.
--
-- Never run ANALYZE on this file: its statistics keep samples of indexed values, customers' ids among them, and `forget`
-- would have to find them there.

PRAGMA application_id = 0x54524941; -- "TRIA"

CREATE TABLE conversations (
    id          TEXT    NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    customer_id TEXT,
    channel     TEXT,
    ticket_id   TEXT,
    turns       INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    closed_at   INTEGER,
    rating      INTEGER,
    rated_at    INTEGER,
    state       TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX conversations_customer ON conversations (customer_id) WHERE customer_id IS NOT NULL;
-- For retention: `updated_at` would do as well, but an index on it would change with every message.
CREATE INDEX conversations_opened ON conversations (opened_at);

CREATE TABLE turns (
    conversation_id TEXT    NOT NULL REFERENCES conversations (id),
    message_id      TEXT    NOT NULL,
    number          INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    role            TEXT    NOT NULL, -- customer, agent or bot
    -- Of a customer's message:
    is_shadow       INTEGER,
    decision        TEXT,
    reason          TEXT,
    intent          TEXT,
    emotion         TEXT,
    upset           REAL,
    ticket_id       TEXT,
    fingerprint     BLOB,
    -- Of what an agent or another bot said:
    agent           TEXT,
    is_delivered    INTEGER,
    text            TEXT    NOT NULL,
    reply           TEXT, -- JSON, of a customer's message
    PRIMARY KEY (conversation_id, message_id)
) STRICT;

CREATE INDEX turns_number ON turns (conversation_id, number);
CREATE INDEX turns_at ON turns (at);

CREATE TABLE tickets (
    id              TEXT    NOT NULL PRIMARY KEY,
    version         INTEGER NOT NULL,
    conversation_id TEXT    NOT NULL REFERENCES conversations (id),
    customer_id     TEXT,
    state           TEXT    NOT NULL,
    queue           TEXT    NOT NULL,
    level           TEXT    NOT NULL,
    reason          TEXT    NOT NULL,
    intent          TEXT,
    created_at      INTEGER NOT NULL,
    respond_due_at  INTEGER NOT NULL,
    resolve_due_at  INTEGER,
    claimed_at      INTEGER,
    claimed_by      TEXT,
    responded_at    INTEGER,
    closed_at       INTEGER,
    upset           REAL    NOT NULL,
    tier            TEXT,
    missed_respond  INTEGER NOT NULL,
    missed_resolve  INTEGER NOT NULL,
    note            TEXT,
    packet          TEXT    NOT NULL -- JSON
) STRICT;

-- The conditions are repeated word for word in the queries: that is how SQLite knows that an index serves.
CREATE UNIQUE INDEX tickets_one_open ON tickets (conversation_id) WHERE state IN ('queued', 'claimed');
CREATE INDEX tickets_open ON tickets (created_at, id) WHERE state IN ('queued', 'claimed');
CREATE INDEX tickets_closed ON tickets (coalesce(closed_at, created_at), id) WHERE state NOT IN ('queued', 'claimed');
CREATE INDEX tickets_conversation ON tickets (conversation_id);
CREATE INDEX tickets_customer ON tickets (customer_id, created_at) WHERE customer_id IS NOT NULL;
CREATE INDEX tickets_agent ON tickets (claimed_by) WHERE claimed_by IS NOT NULL;
CREATE INDEX tickets_created ON tickets (created_at, id);
CREATE INDEX tickets_respond_due ON tickets (respond_due_at)
    WHERE state = 'queued' AND claimed_at IS NULL AND missed_respond = 0;
CREATE INDEX tickets_resolve_due ON tickets (resolve_due_at)
    WHERE state IN ('queued', 'claimed') AND missed_resolve = 0;

-- An event outlives its ticket until it is delivered, so it has no reference to it.
CREATE TABLE events (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    at              INTEGER NOT NULL,
    conversation_id TEXT    NOT NULL,
    customer_id     TEXT,
    event           TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX events_at ON events (at);
CREATE INDEX events_conversation ON events (conversation_id);
CREATE INDEX events_customer ON events (customer_id) WHERE customer_id IS NOT NULL;

-- One row per event and endpoint. `due_at` is when it may be taken: when it happened, when it is tried again, or when the
-- lease of whoever has it ends.
CREATE TABLE deliveries (
    sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
    event        INTEGER NOT NULL REFERENCES events (sequence) ON DELETE CASCADE,
    endpoint     TEXT    NOT NULL,
    ticket_id    TEXT    NOT NULL,
    state        TEXT    NOT NULL, -- waiting, delivered or dead
    since        INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    delivered_at INTEGER,
    error        TEXT
) STRICT;

CREATE UNIQUE INDEX deliveries_event ON deliveries (event, endpoint);
CREATE INDEX deliveries_due ON deliveries (due_at, sequence) WHERE state = 'waiting';
CREATE INDEX deliveries_order ON deliveries (ticket_id, endpoint, sequence) WHERE state = 'waiting';
CREATE INDEX deliveries_since ON deliveries (since) WHERE state = 'waiting';
CREATE INDEX deliveries_dead ON deliveries (sequence) WHERE state = 'dead';

CREATE TABLE feedback (
    conversation_id TEXT    NOT NULL,
    message_id      TEXT    NOT NULL,
    agent           TEXT    NOT NULL,
    at              INTEGER NOT NULL,
    intent          TEXT,
    emotion         TEXT,
    handoff         INTEGER,
    PRIMARY KEY (conversation_id, message_id, agent),
    FOREIGN KEY (conversation_id, message_id) REFERENCES turns (conversation_id, message_id) ON DELETE CASCADE
) STRICT;

CREATE INDEX feedback_at ON feedback (at);
