#include "platform/linux/identity_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>
#include <vector>

#include "platform/linux/private_file.h"

namespace sov::host {

namespace {

using identity::Secret32;

// Room for the key line and a page of comments; a longer file is something else.
constexpr std::size_t kFileMost = 4096;

const char* tag_of(KeyKind kind) {
    return kind == KeyKind::kUser ? "sovereign-user-key-1" : "sovereign-node-key-1";
}

const char* name_of(KeyKind kind) { return kind == KeyKind::kUser ? "user key" : "node key"; }

// ISO 3309, as zip and Ethernet use it. It finds typing errors and flipped bits; whoever may write
// the file may also choose the key, so nothing stronger would help.
std::uint32_t crc32(ByteView bytes) {
    std::uint32_t crc = ~0u;
    for (const std::uint8_t byte : bytes) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
    }
    return ~crc;
}

std::string crc_text(const Secret32& seed) {
    std::uint8_t bytes[4];
    store_u32(bytes, crc32(seed));
    return to_hex(bytes);
}

// Text of a key file on its way; wiped when it goes.
struct SecretText {
    std::string text;
    SecretText() { text.reserve(kFileMost); }  // never moves, so it leaves no copies behind
    ~SecretText() { explicit_bzero(text.data(), text.capacity()); }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;
};

struct OpenFile {
    int descriptor = -1;
    explicit OpenFile(int opened) : descriptor(opened) {}
    ~OpenFile() {
        if (descriptor >= 0) close(descriptor);
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
};

std::string own_user() {
    const passwd* const entry = getpwuid(geteuid());
    return entry != nullptr ? entry->pw_name : std::to_string(geteuid());
}

std::string directory_of(const std::string& path) {
    const auto slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// A sentence about one key file: "the user key /x/identity.key " + what is wrong.
class Complaint {
  public:
    /// A credential is replaced where the unit takes it from, not where it is read.
    Complaint(const std::string& path, KeyKind kind, bool credential = false)
        : path_(path), kind_(kind), credential_(credential) {}
    bool credential() const { return credential_; }

    LoadedSeed operator()(const std::string& what) const {
        LoadedSeed refused;
        refused.problem = std::string("the ") + name_of(kind_) + " " + path_ + " " + what;
        return refused;
    }
    /// For what the system refuses, an errno value.
    LoadedSeed system(const std::string& what, int number, bool file_exists) const {
        return (*this)(what + ": " + strerror(number) + remedy(number, file_exists));
    }
    /// For content that is no key. What to do differs: only the user key is beyond replacement.
    LoadedSeed damaged(const std::string& what) const {
        if (credential_) return (*this)(what + kWhereCredentialsComeFrom);
        const std::string away = "mv " + path_ + " " + path_ + ".damaged";
        const std::string restore = "restore it from a backup: install -m 600 BACKUP " + path_;
        if (kind_ == KeyKind::kUser) {
            return (*this)(
                what + "; " + restore +
                " (or, to give this identity up for ever and start with a new one: " + away + ")");
        }
        return (*this)(
            what + "; " + restore +
            " (or have a new one made, which loses nothing but this node's place in the network: " +
            away + ")");
    }

  private:
    static constexpr const char* kWhereCredentialsComeFrom =
        "; it is a credential: systemctl cat sovereignd shows which file it is loaded from, put a "
        "good key file there";

    std::string allow(bool file_exists) const {
        const std::string directory = directory_of(path_);
        const std::string both = directory + (file_exists ? " " + path_ : "");
        return "chown " + own_user() + " " + both + " && chmod 700 " + directory +
               (file_exists ? " && chmod 600 " + path_ : "");
    }
    std::string remedy(int number, bool file_exists) const {
        if (credential_) return kWhereCredentialsComeFrom;
        const std::string directory = directory_of(path_);
        switch (number) {
            case EACCES:
            case EPERM: return "; let this user have it: " + allow(file_exists);
            case ENOENT:
            case ENOTDIR:
                return "; make its directory: install -d -m 700 -o " + own_user() + " " + directory;
            case ENOSPC:
            case EDQUOT: return "; make room on the disk: df " + directory;
            case EROFS: return "; make the file system writable: mount -o remount,rw " + directory;
        }
        return "; check the disk: dmesg";
    }

    const std::string& path_;
    KeyKind kind_;
    bool credential_;
};

// The key line is the only one that is neither empty nor a comment.
std::vector<std::string_view> words_of_key_line(std::string_view text, int& key_lines) {
    std::vector<std::string_view> words;
    key_lines = 0;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
        if (line.empty() || line.front() == '#') continue;
        ++key_lines;
        words.clear();
        while (!line.empty()) {
            const auto space = line.find(' ');
            if (space != 0) words.push_back(line.substr(0, space));
            line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
        }
    }
    return words;
}

LoadedSeed parse(std::string_view text, KeyKind kind, const Complaint& complaint) {
    int key_lines = 0;
    const auto words = words_of_key_line(text, key_lines);
    const std::string shape = std::string("'") + tag_of(kind) + " <64 digits> <8 digits>'";
    if (key_lines != 1) return complaint.damaged("has no single line of the form " + shape);
    const KeyKind other = kind == KeyKind::kUser ? KeyKind::kNode : KeyKind::kUser;
    if (words[0] == tag_of(other)) {
        return complaint.damaged(std::string("holds a ") + name_of(other) +
                                 ", two files were confused");
    }
    const std::string_view tag = tag_of(kind);
    if (words[0] != tag && words[0].substr(0, tag.size() - 1) == tag.substr(0, tag.size() - 1)) {
        return complaint("was written by a newer version; install that version again");
    }
    if (words[0] != tag || words.size() != 3) {
        return complaint.damaged("has no line of the form " + shape);
    }
    std::optional<Bytes> bytes = from_hex(words[1]);
    if (!bytes || bytes->size() != Secret32{}.size()) {
        if (bytes) explicit_bzero(bytes->data(), bytes->size());
        return complaint.damaged("has no seed of 64 hexadecimal digits");
    }
    LoadedSeed loaded;
    loaded.seed.emplace();
    std::copy(bytes->begin(), bytes->end(), loaded.seed->begin());
    explicit_bzero(bytes->data(), bytes->size());
    const auto given = from_hex(words[2]);
    if (given && to_hex(*given) == crc_text(*loaded.seed)) return loaded;
    explicit_bzero(loaded.seed->data(), loaded.seed->size());
    return complaint.damaged("is damaged: seed and checksum do not match");
}

LoadedSeed read_open_file(int descriptor, const std::string& path, KeyKind kind,
                          const Complaint& complaint) {
    struct stat status {};
    if (fstat(descriptor, &status) != 0) return complaint.system("can't be examined", errno, true);
    if (!S_ISREG(status.st_mode)) {
        return complaint("is no plain file; move it away: mv " + path + " " + path + ".other");
    }
    if (status.st_uid != geteuid() && status.st_uid != 0) {
        return complaint("belongs to another user (uid " + std::to_string(status.st_uid) +
                         "), who could replace it: chown " + own_user() + " " + path);
    }
    const mode_t others = complaint.credential() ? 037 : 077;
    if ((status.st_mode & others) != 0) {
        char mode[8];
        snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777u);
        return complaint(std::string("is open to other users (mode ") + mode + "): chmod 600 " +
                         path);
    }
    if (status.st_size == 0) return complaint.damaged("is empty");
    if (status.st_size > static_cast<off_t>(kFileMost)) {
        return complaint.damaged("is longer than a key file can be (" +
                                 std::to_string(status.st_size) + " bytes)");
    }
    SecretText content;
    content.text.resize(static_cast<std::size_t>(status.st_size));
    std::size_t have = 0;
    while (have < content.text.size()) {
        const ssize_t got =
            read(descriptor, content.text.data() + have, content.text.size() - have);
        if (got < 0 && errno != EINTR) return complaint.system("can't be read", errno, true);
        if (got == 0) break;
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    return parse(std::string_view(content.text).substr(0, have), kind, complaint);
}

// 0 or an errno value.
int write_whole(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = write(descriptor, text.data(), text.size());
        if (put < 0 && errno != EINTR) return errno;
        if (put > 0) text.remove_prefix(static_cast<std::size_t>(put));
    }
    return fsync(descriptor) == 0 ? 0 : errno;
}

// Gives the file its final name if that is free: 0 or an errno value, EEXIST where it is taken.
int move_to_free_name(const std::string& from, const std::string& to) {
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
    if (errno != EINVAL && errno != ENOSYS) return errno;
    // Some file systems can't do that, but can make a second name, which also never replaces one.
    if (link(from.c_str(), to.c_str()) != 0) return errno;
    unlink(from.c_str());
    return 0;
}

// Into a text that has room, so that it never moves.
void write_key_file(KeyKind kind, const Secret32& seed, std::string& text) {
    text += "# Sovereign ";
    text += name_of(kind);
    text += kind == KeyKind::kUser
                ? ". Whoever has the next line is you: keep a copy in a safe place, show it to "
                  "nobody.\n"
                : ". It only routes; a lost one is replaced by a new one. Show it to nobody.\n";
    text += tag_of(kind);
    text += ' ';
    for (const std::uint8_t& byte : seed) text += to_hex({&byte, 1});
    text += ' ' + crc_text(seed) + '\n';
}

// 0 or an errno value; EEXIST when somebody else made the file meanwhile.
int create(const std::string& path, KeyKind kind, const Secret32& seed) {
    // A name that no other process and no earlier run with this pid has: it need not be secret.
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    const std::string unfinished = path + ".new-" + std::to_string(getpid()) + "-" +
                                   std::to_string(now.tv_sec) + "-" + std::to_string(now.tv_nsec);
    const OpenFile file(
        open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (file.descriptor < 0) return errno;
    SecretText content;
    write_key_file(kind, seed, content.text);
    int failure = fchmod(file.descriptor, 0600) == 0 ? 0 : errno;  // whatever the umask left
    if (failure == 0) failure = write_whole(file.descriptor, content.text);
    if (failure == 0) failure = move_to_free_name(unfinished, path);
    if (failure != 0) {
        unlink(unfinished.c_str());
        return failure;
    }
    // The new name must survive a power failure too, or a restart would make yet another identity.
    const OpenFile directory(open(directory_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return directory.descriptor >= 0 && fsync(directory.descriptor) == 0 ? 0 : errno;
}

}  // namespace

std::string replace_user_seed(const std::string& path, const Secret32& seed,
                              const std::string& keep_as) {
    SecretText content;
    write_key_file(KeyKind::kUser, seed, content.text);
    const int failure = replace_private_file(path, content.text, keep_as);
    if (failure == 0) return {};
    return Complaint(path, KeyKind::kUser).system("can't be replaced", failure, true).problem;
}

LoadedSeed load_credential_seed(const std::string& path, KeyKind kind) {
    const Complaint complaint(path, kind, true);
    const OpenFile file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file.descriptor < 0) return complaint.system("can't be opened", errno, true);
    return read_open_file(file.descriptor, path, kind, complaint);
}

LoadedSeed load_or_create_seed(const std::string& path, KeyKind kind,
                               const std::function<void(MutableBytes)>& random) {
    const Complaint complaint(path, kind);
    // Two rounds: when another process makes the file between our look and our own, its key is
    // taken.
    for (int round = 0; round < 2; ++round) {
        // O_NONBLOCK: opening a named pipe must not wait for a writer.
        const OpenFile file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
        if (file.descriptor >= 0) return read_open_file(file.descriptor, path, kind, complaint);
        if (errno == ELOOP) {
            return complaint(
                "is a symbolic link, which somebody could point elsewhere; put the file itself "
                "there: cp --remove-destination \"$(readlink -f " +
                path + ")\" " + path + " && chmod 600 " + path);
        }
        if (errno != ENOENT) return complaint.system("can't be opened", errno, true);

        LoadedSeed made;
        random(made.seed.emplace());
        const int failure = create(path, kind, *made.seed);
        made.created = true;
        if (failure == 0) return made;
        explicit_bzero(made.seed->data(), made.seed->size());
        if (failure != EEXIST) return complaint.system("can't be made", failure, false);
    }
    return complaint("appears and vanishes: another program works on it; stop that first");
}

}  // namespace sov::host
