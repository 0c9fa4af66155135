#include "platform/linux/identity_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_folder.h"

namespace sov::host {
namespace {

// CRC-32 of 32 bytes of 01: computed with Python's zlib.crc32.
constexpr const char* kSeedDigits =
    "0101010101010101010101010101010101010101010101010101010101010101";
constexpr const char* kSeedCheck = "62319fcc";

class IdentityFile : public testing::Test {
  public:
    LoadedSeed load(KeyKind kind = KeyKind::kUser) {
        return load_or_create_seed(path_, kind, [this](MutableBytes out) {
            EXPECT_EQ(out.size(), 32u) << "the source may be one that makes nothing but seeds";
            for (std::uint8_t& byte : out) byte = next_++;
        });
    }
    void put(const std::string& text, mode_t mode = 0600) {
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
        ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    }
    std::string content() const {
        std::ifstream file(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    }
    std::string good_line() const {
        return std::string("sovereign-user-key-1 ") + kSeedDigits + " " + kSeedCheck + "\n";
    }
    /// Refused with a message that names the file and each of the words; the file stays as it is.
    void expect_refused(const LoadedSeed& loaded, std::initializer_list<std::string> words) {
        EXPECT_FALSE(loaded.seed.has_value());
        EXPECT_FALSE(loaded.created);
        EXPECT_NE(loaded.problem.find(path_), std::string::npos) << loaded.problem;
        for (const std::string& word : words) {
            EXPECT_NE(loaded.problem.find(word), std::string::npos)
                << word << " in: " << loaded.problem;
        }
    }
    void expect_damaged(const std::string& text, const std::string& word) {
        put(text);
        expect_refused(load(), {word, "install -m 600 BACKUP " + path_});
        EXPECT_EQ(content(), text);
    }
    std::size_t files() const {
        const std::filesystem::directory_iterator entries(directory_);
        return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
    }

  protected:
    support::TemporaryFolder folder_;
    std::string directory_ = folder_.path(), path_ = folder_.path("identity.key");
    std::uint8_t next_ = 1;
};

TEST_F(IdentityFile, is_made_private_and_read_back) {
    const auto old_mask = umask(0);
    const LoadedSeed made = load();
    umask(old_mask);
    ASSERT_TRUE(made.seed.has_value()) << made.problem;
    EXPECT_TRUE(made.created);
    EXPECT_EQ((*made.seed)[0], 1);
    EXPECT_EQ((*made.seed)[31], 32);
    struct stat status {};
    ASSERT_EQ(lstat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
    EXPECT_EQ(files(), 1u) << "nothing unfinished stays behind";
    const LoadedSeed again = load();
    EXPECT_EQ(again.seed, made.seed);
    EXPECT_FALSE(again.created);
    EXPECT_EQ(again.problem, "");
    EXPECT_EQ(content().front(), '#');
}

TEST_F(IdentityFile, two_processes_that_start_together_get_one_key) {
    // The other process creates its file between our look and our own creation.
    std::string others;
    const LoadedSeed loaded = load_or_create_seed(path_, KeyKind::kUser, [&](MutableBytes out) {
        std::fill(out.begin(), out.end(), std::uint8_t{9});
        if (!others.empty()) return;
        others = good_line();
        put(others);
    });
    ASSERT_TRUE(loaded.seed.has_value()) << loaded.problem;
    EXPECT_FALSE(loaded.created);
    EXPECT_EQ(to_hex(*loaded.seed), kSeedDigits);
    EXPECT_EQ(content(), others);
    EXPECT_EQ(files(), 1u);
}

TEST_F(IdentityFile, comments_empty_lines_and_foreign_line_ends_are_fine) {
    put("# a comment\r\n\r\n" + good_line() + "\n# after\n");
    EXPECT_TRUE(load().seed.has_value()) << load().problem;
    put("#x\nsovereign-user-key-1  " + std::string(kSeedDigits) + " " + kSeedCheck + " \r");
    const LoadedSeed loaded = load();
    ASSERT_TRUE(loaded.seed.has_value()) << loaded.problem;
    EXPECT_EQ(to_hex(*loaded.seed), kSeedDigits);
}

TEST_F(IdentityFile, a_read_only_file_is_fine) {
    put(good_line(), 0400);
    EXPECT_TRUE(load().seed.has_value());
}

TEST_F(IdentityFile, refuses_a_file_that_others_may_access) {
    for (const mode_t mode : {0644u, 0660u, 0604u, 0601u, 0610u}) {
        put(good_line(), mode);
        expect_refused(load(), {"is open to other users (mode 06", "chmod 600 " + path_});
        EXPECT_EQ(content(), good_line());
    }
}

TEST_F(IdentityFile, refuses_wrong_sizes) {
    expect_damaged("", "is empty");
    expect_damaged(std::string(5000, '#'), "5000 bytes");
}

TEST_F(IdentityFile, refuses_damaged_content_whatever_byte_it_is_in) {
    const std::string line = good_line();
    for (std::size_t length = 1; length < line.size() - 1; ++length) {
        put(line.substr(0, length));
        expect_refused(load(), {});
    }
    for (std::size_t at = 0; at < line.size() - 1; ++at) {
        std::string wrong = line;
        wrong[at] = wrong[at] == '7' ? '8' : '7';
        put(wrong);
        expect_refused(load(), {});
        EXPECT_EQ(content(), wrong);
    }
    expect_damaged("sovereign-user-key-1 " + std::string(kSeedDigits) + " 00000000\n", "checksum");
    expect_damaged("sovereign-user-key-1 abc 00000000\n", "64 hexadecimal digits");
    expect_damaged(line + line, "single line");
    expect_damaged("# only a comment\n", "single line");
    expect_damaged("hello\n", "sovereign-user-key-1 <64 digits>");
    expect_damaged(std::string(100, '\0'), "sovereign-user-key-1");
}

TEST_F(IdentityFile, refuses_the_other_kind_of_key_and_a_newer_format) {
    put(good_line());
    expect_refused(load(KeyKind::kNode), {"the node key", "holds a user key", "install -m 600"});
    put("sovereign-user-key-2 something else\n");
    expect_refused(load(), {"newer version"});
}

TEST_F(IdentityFile, refuses_symbolic_links_even_to_nothing) {
    const std::string target = directory_ + "/elsewhere";
    ASSERT_EQ(symlink(target.c_str(), path_.c_str()), 0);
    expect_refused(load(), {"symbolic link", "readlink -f"});
    EXPECT_FALSE(std::filesystem::exists(target));
    std::ofstream(target) << good_line();
    expect_refused(load(), {"symbolic link"});
}

TEST_F(IdentityFile, refuses_what_is_no_plain_file_without_waiting) {
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    expect_refused(load(), {"no plain file", "mv " + path_});
    unlink(path_.c_str());
    ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
    expect_refused(load(), {"no plain file"});
}

TEST_F(IdentityFile, refuses_a_missing_directory) {
    path_ = directory_ + "/missing/identity.key";
    expect_refused(load(), {"install -d -m 700", directory_ + "/missing"});
    std::ofstream(directory_ + "/file") << "x";
    path_ = directory_ + "/file/identity.key";
    expect_refused(load(), {"install -d -m 700"});
}

TEST_F(IdentityFile, refuses_a_file_of_another_user) {
    put(good_line());
    ASSERT_EQ(chown(path_.c_str(), 65534, 65534), 0) << "only root can give files away";
    expect_refused(load(), {"uid 65534", "chown ", path_});
}

// Runs as somebody without rights (root has all of them); the exit status carries the verdict.
template <typename Check>
int as_nobody(Check check) {
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(99);
        _exit(check() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST_F(IdentityFile, refuses_an_unreadable_file) {
    put(good_line(), 0000);
    ASSERT_EQ(chmod(directory_.c_str(), 0755), 0);
    EXPECT_EQ(as_nobody([this] {
                  const LoadedSeed loaded = load();
                  return !loaded.seed &&
                         loaded.problem.find("chmod 600 " + path_) != std::string::npos;
              }),
              0);
}

TEST_F(IdentityFile, refuses_a_directory_it_may_not_write) {
    ASSERT_EQ(chmod(directory_.c_str(), 0555), 0);
    EXPECT_EQ(as_nobody([this] {
                  const LoadedSeed loaded = load();
                  return !loaded.seed && !loaded.created &&
                         loaded.problem.find("chmod 700 " + directory_) != std::string::npos;
              }),
              0);
    EXPECT_EQ(files(), 0u);
}

TEST_F(IdentityFile, a_credential_is_read_also_by_its_group_and_never_made) {
    const LoadedSeed missing = load_credential_seed(path_, KeyKind::kUser);
    EXPECT_FALSE(missing.seed.has_value());
    EXPECT_FALSE(std::filesystem::exists(path_));
    put(good_line(), 0440);
    ASSERT_TRUE(load_credential_seed(path_, KeyKind::kUser).seed.has_value());
    put(good_line(), 0444);
    EXPECT_FALSE(load_credential_seed(path_, KeyKind::kUser).seed.has_value());
}

TEST_F(IdentityFile, a_damaged_credential_points_to_where_it_comes_from) {
    put("sovereign-user-key-1 nonsense\n", 0400);
    const LoadedSeed refused = load_credential_seed(path_, KeyKind::kUser);
    EXPECT_FALSE(refused.seed.has_value());
    EXPECT_NE(refused.problem.find("systemctl cat"), std::string::npos) << refused.problem;
    EXPECT_EQ(refused.problem.find("mv "), std::string::npos) << "it is not mended in place";
}

}  // namespace
}  // namespace sov::host
