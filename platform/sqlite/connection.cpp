#include "platform/sqlite/connection.h"

#include <algorithm>
#include <cstring>

namespace sov::sqlite {

Statement& Statement::bind(int parameter, std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), parameter, value);
    return *this;
}

Statement& Statement::bind(int parameter, ByteView blob) {
    // An empty view may have a null pointer, which SQLite would take for NULL.
    const void* const bytes = blob.empty() ? static_cast<const void*>("") : blob.data();
    sqlite3_bind_blob64(statement_.get(), parameter, bytes, blob.size(), SQLITE_TRANSIENT);
    return *this;
}

Statement& Statement::bind_none(int parameter) {
    sqlite3_bind_null(statement_.get(), parameter);
    return *this;
}

Code Statement::run() {
    Code code = SQLITE_ROW;
    while (code == SQLITE_ROW) code = sqlite3_step(statement_.get());
    sqlite3_reset(statement_.get());
    sqlite3_clear_bindings(statement_.get());
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

Code Statement::step() {
    const Code code = sqlite3_step(statement_.get());
    if (code != SQLITE_ROW) sqlite3_reset(statement_.get());
    return code;
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}

Bytes Statement::blob(int column) const {
    const auto* const bytes =
        static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_.get(), column));
    const int size = sqlite3_column_bytes(statement_.get(), column);
    return bytes == nullptr ? Bytes{} : Bytes(bytes, bytes + size);
}

std::string Statement::text(int column) const { return to_text(blob(column)); }

bool Statement::none(int column) const {
    return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Connection::Connection(const std::string& uri, int flags) {
    sqlite3* handle = nullptr;
    code_ = sqlite3_open_v2(uri.c_str(), &handle, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                            nullptr);
    handle_.reset(handle);  // even a failed open returns one, to read the message from
    if (handle == nullptr) {
        code_ = SQLITE_NOMEM;
        return;
    }
    sqlite3_extended_result_codes(handle, 1);
}

Code Connection::execute(const std::string& sql) {
    return sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
}

Code Connection::prepare(std::string_view sql, Statement& statement) {
    sqlite3_stmt* prepared = nullptr;
    const Code code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                         SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    statement.statement_.reset(prepared);
    return code;
}

std::int64_t Connection::integer(std::string_view sql, std::int64_t fallback) {
    Statement statement;
    if (prepare(sql, statement) != SQLITE_OK || statement.step() != SQLITE_ROW) return fallback;
    return statement.integer(0);
}

std::string Connection::text(std::string_view sql) {
    Statement statement;
    if (prepare(sql, statement) != SQLITE_OK || statement.step() != SQLITE_ROW) return {};
    return statement.text(0);
}

std::string printable(std::string words) {
    constexpr std::size_t kLongest = 300;
    if (words.size() > kLongest) words.resize(kLongest);
    std::replace_if(
        words.begin(), words.end(), [](char byte) { return byte < ' ' || byte > '~'; }, '?');
    return words;
}

std::string Connection::message() const {
    if (!handle_) return "out of memory";
    std::string words = printable(sqlite3_errmsg(handle_.get()));
    const int number = sqlite3_system_errno(handle_.get());
    if (number != 0) words += std::string(" (") + std::strerror(number) + ")";
    return words;
}

std::string file_uri(const std::string& path) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string uri = "file:";
    for (const char character : path) {
        const auto byte = static_cast<unsigned char>(character);
        if (character == '?' || character == '#' || character == '%' || byte < 0x20) {
            uri += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
        } else {
            uri += character;
        }
    }
    return uri;
}

}  // namespace sov::sqlite
