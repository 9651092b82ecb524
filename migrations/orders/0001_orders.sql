-- Orders as they were imported.
--
-- Columns of their own are for what is searched and sorted; `body` is the whole order as JSON. Times are whole microseconds
-- since 1970 (UTC).

PRAGMA application_id = 0x5452494F; -- "TRIO"

CREATE TABLE orders (
    number    TEXT    NOT NULL PRIMARY KEY,
    customer  TEXT,
    tracking  TEXT,
    placed_at INTEGER NOT NULL,
    body      TEXT    NOT NULL -- JSON
) STRICT;

CREATE INDEX orders_customer ON orders (customer, placed_at DESC) WHERE customer IS NOT NULL;
CREATE INDEX orders_tracking ON orders (tracking) WHERE tracking IS NOT NULL;
