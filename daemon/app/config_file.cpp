#include "daemon/app/config_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sov::app {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

FileText refuse(std::string problem, bool missing = false) {
    return {{}, std::move(problem), missing};
}

}  // namespace

FileText read_config_text(const std::string& path) {
    // Without O_NONBLOCK a named pipe would keep us waiting for its writer.
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        if (errno == ELOOP) return refuse("its symbolic links lead in a circle");
        return refuse(std::string("can't be read: ") + std::strerror(errno), errno == ENOENT);
    }
    FileText file;
    struct stat found {};
    if (fstat(descriptor, &found) != 0 || !S_ISREG(found.st_mode)) {
        file.problem = "is no regular file";
    } else {
        // Its size is only a promise: read until the end, but never more than is allowed.
        file.text.resize(kConfigBytesMax + 1);
        std::size_t size = 0;
        ssize_t got = 1;
        while (got > 0 && size < file.text.size()) {
            got = read(descriptor, file.text.data() + size, file.text.size() - size);
            if (got > 0) size += static_cast<std::size_t>(got);
        }
        if (got < 0) file.problem = std::string("can't be read: ") + std::strerror(errno);
        file.text.resize(size);
    }
    close(descriptor);
    if (file.problem.empty() && file.text.size() > kConfigBytesMax)
        file.problem = "is larger than 1 MiB: that is no configuration file";
    const bool binary = std::any_of(file.text.begin(), file.text.end(), [](char c) {
        return is_control(c) && c != '\n' && c != '\r' && c != '\t';
    });
    if (file.problem.empty() && binary)
        file.problem = "contains binary data: that is no configuration file";
    if (!file.problem.empty()) file.text.clear();
    return file;
}

std::string printable(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c == '\t') c = ' ';
        if (is_control(c)) c = '?';
    }
    return result;
}

}  // namespace sov::app
