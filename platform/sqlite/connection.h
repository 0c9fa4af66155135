#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/core/base/bytes.h"

namespace sov::sqlite {

/// SQLite's result codes, extended; SQLITE_OK, SQLITE_ROW and SQLITE_DONE are no failures.
using Code = int;
/// What is left of the last step() of a loop: the end of the rows is no failure.
inline Code all_read(Code code) { return code == SQLITE_DONE ? SQLITE_OK : code; }

/// A prepared statement; one use at a time. A blob or text read from a row is copied out, so
/// nothing points into SQLite's memory. Parameters count from 1 and columns from 0, as SQLite has
/// it.
class Statement {
  public:
    Statement() = default;

    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, ByteView blob);
    Statement& bind_none(int parameter);
    /// Runs to the end, ignoring rows, and makes it ready for the next use. SQLITE_OK or the
    /// failure.
    Code run();
    /// To the next row: SQLITE_ROW, or after the last one (or a failure) ready for the next use.
    Code step();

    std::int64_t integer(int column) const;
    Bytes blob(int column) const;
    std::string text(int column) const;
    bool none(int column) const;

  private:
    friend class Connection;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// An open database file. Statements must be gone before it closes.
class Connection {
  public:
    /// `uri` as in https://www.sqlite.org/uri.html; check code() before anything else.
    Connection(const std::string& uri, int flags);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Code code() const { return code_; }
    Code execute(const std::string& sql);
    Code prepare(std::string_view sql, Statement& statement);
    /// The first column of the first row; `fallback` where there is none or the query fails.
    std::int64_t integer(std::string_view sql, std::int64_t fallback);
    std::string text(std::string_view sql);
    bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
    /// SQLite's words for the last failure, with the system's where there are any.
    std::string message() const;

  private:
    struct Close {
        void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
    };
    std::unique_ptr<sqlite3, Close> handle_;
    Code code_ = SQLITE_OK;
};

/// SQLite's words for people: it quotes what stands in a damaged file, which may be any bytes.
/// Other bytes than those of printable ASCII become '?', and what is over 300 is left out.
std::string printable(std::string words);

/// The URI of a file, with the characters escaped that mean something in one.
std::string file_uri(const std::string& path);

}  // namespace sov::sqlite
