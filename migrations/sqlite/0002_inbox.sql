-- What other systems told and is still to be worked off: stored before they are told that it arrived.
--
-- Times are whole microseconds since 1970 (UTC). Of what is done with, `body` is empty: the row stays so that the same thing,
-- told again, is known for what it is.

CREATE TABLE inbox (
    sequence        INTEGER PRIMARY KEY AUTOINCREMENT,
    source          TEXT    NOT NULL, -- who told it, such as chatwoot
    delivery        TEXT    NOT NULL, -- the sender's id of the delivery
    told            TEXT,             -- what it tells of, if the sender may tell it again under another delivery
    conversation_id TEXT    NOT NULL,
    customer_id     TEXT,
    state           TEXT    NOT NULL, -- waiting, done or dead
    since           INTEGER NOT NULL,
    due_at          INTEGER NOT NULL, -- when it may be taken: at once, when it is tried again, or when a lease ends
    attempts        INTEGER NOT NULL,
    left_as         TEXT,             -- what the sender's conversation was left as
    error           TEXT,
    progress        TEXT    NOT NULL, -- JSON, what is done of it
    body            TEXT    NOT NULL  -- JSON
) STRICT;

CREATE UNIQUE INDEX inbox_delivery ON inbox (source, delivery);
CREATE UNIQUE INDEX inbox_told ON inbox (source, told) WHERE told IS NOT NULL;
CREATE INDEX inbox_due ON inbox (source, due_at, sequence) WHERE state = 'waiting';
CREATE INDEX inbox_order ON inbox (source, conversation_id, sequence) WHERE state = 'waiting';
CREATE INDEX inbox_left ON inbox (source, conversation_id, sequence) WHERE left_as IS NOT NULL;
CREATE INDEX inbox_conversation ON inbox (conversation_id);
CREATE INDEX inbox_customer ON inbox (customer_id) WHERE customer_id IS NOT NULL;
CREATE INDEX inbox_since ON inbox (since);
