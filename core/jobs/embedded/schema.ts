/**
 * Tables of the embedded store. A job's record is one JSON document; columns beside it are what
 * queries need, written from the document in the same statement. Times are epoch ms.
 */
export const migrations: readonly string[] = [
  `
  -- Source of event numbers: one step for each saved change of any job.
  CREATE TABLE counter (change INTEGER NOT NULL);
  INSERT INTO counter VALUES (0);

  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    change INTEGER NOT NULL,
    phase TEXT NOT NULL CHECK (phase IN ('queued', 'running', 'final')),
    status TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    platform TEXT NOT NULL,
    user TEXT,
    channel TEXT,
    priority INTEGER NOT NULL,
    queue_order INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    abandoned_at INTEGER,
    finished_at INTEGER,
    expires_at INTEGER,
    idempotency_key TEXT,
    record TEXT NOT NULL,
    request TEXT NOT NULL
  );
  CREATE UNIQUE INDEX jobs_change ON jobs (change);
  CREATE UNIQUE INDEX jobs_idempotency ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
  CREATE INDEX jobs_queue ON jobs (priority DESC, queue_order, ready_at, id) WHERE phase = 'queued';
  CREATE INDEX jobs_running ON jobs (abandoned_at) WHERE phase = 'running';
  CREATE INDEX jobs_expiry ON jobs (expires_at) WHERE phase = 'final';
  CREATE INDEX jobs_finished ON jobs (status, finished_at) WHERE phase = 'final';
  CREATE INDEX jobs_owner ON jobs (owner, seq);

  CREATE TABLE announcements (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    job_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    event TEXT NOT NULL,
    record TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER,
    sender TEXT,
    closed_at INTEGER,
    reason TEXT
  );
  CREATE INDEX announcements_due ON announcements (channel, due_at) WHERE closed_at IS NULL;
  CREATE INDEX announcements_job ON announcements (job_id);

  CREATE TABLE usage (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    owner TEXT NOT NULL,
    platform TEXT NOT NULL,
    user TEXT,
    channel TEXT,
    film_seconds REAL NOT NULL,
    render_seconds REAL NOT NULL,
    scenes INTEGER NOT NULL,
    scenes_reused INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  );
  CREATE INDEX usage_at ON usage (at);

  CREATE TABLE workers (
    id TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    info TEXT NOT NULL
  );

  CREATE TABLE pulse (at INTEGER NOT NULL);
  INSERT INTO pulse VALUES (0);
  `,
  `
  -- Owners take turns in the queue; \`turns\` is the turn being served at each priority.
  ALTER TABLE jobs ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
  CREATE TABLE turns (priority INTEGER PRIMARY KEY, turn INTEGER NOT NULL);
  DROP INDEX jobs_queue;
  CREATE INDEX jobs_queue ON jobs (priority DESC, turn, queue_order, ready_at, id) WHERE phase = 'queued';
  CREATE INDEX jobs_turns ON jobs (owner, priority, turn) WHERE phase = 'queued';
  `,
];
