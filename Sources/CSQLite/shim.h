// SQLite (Debian: libsqlite3-dev). Linked statically by the Journal target, see Package.swift.
#include <sqlite3.h>

// SQLITE_TRANSIENT is a cast that Swift cannot import: SQLite copies what it is given.
static inline int ew_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
  return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}

static inline int ew_bind_blob(sqlite3_stmt *statement, int index, const void *octets, int length) {
  return sqlite3_bind_blob(statement, index, octets, length, SQLITE_TRANSIENT);
}
