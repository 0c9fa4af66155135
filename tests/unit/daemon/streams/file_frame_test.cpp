#include "daemon/streams/file_frame.h"

#include <gtest/gtest.h>

#include "daemon/streams/delimited.h"

namespace sov::streams {
namespace {

Bytes frame_bytes(const FileFrame& frame) {
    Bytes bytes;
    append_frame(bytes, frame);
    DelimitedReader reader(kFileFrameMax);
    reader.receive(bytes);
    const auto message = reader.next();
    EXPECT_TRUE(message && reader.at_boundary());
    return message ? to_bytes(*message) : Bytes{};
}

TEST(FileFrame, comes_back_as_it_was) {
    Hash32 hash;
    hash.bytes.fill(7);
    for (const FileFrame& frame :
         {FileFrame(FileOffer{1, "a"}),
          FileFrame(FileOffer{~std::uint64_t{0}, std::string(255, 'x')}), FileFrame(FileAccept{}),
          FileFrame(FileRefuse{FileReason::kDamaged, std::string(255, 't')}),
          FileFrame(FileRefuse{FileReason::kDeclined, {}}), FileFrame(FileDigest{hash}),
          FileFrame(FileReceipt{})}) {
        EXPECT_EQ(*read_file_frame(frame_bytes(frame)), frame);
    }
}

TEST(FileFrame, is_malformed_when_cut_or_longer_than_its_kind) {
    for (const FileFrame& frame :
         {FileFrame(FileAccept{}), FileFrame(FileReceipt{}), FileFrame(FileDigest{})}) {
        Bytes bytes = frame_bytes(frame);
        bytes.push_back(0);
        EXPECT_EQ(read_file_frame(bytes).error(), Errc::kMalformed);
        bytes.pop_back();
        bytes.pop_back();
        EXPECT_EQ(read_file_frame(bytes).error(), Errc::kMalformed);
    }
    const Bytes no_name = {1, 0, 0, 0, 0, 0, 0, 0, 4};
    EXPECT_EQ(read_file_frame(no_name).error(), Errc::kMalformed);
    Bytes long_name = no_name;
    long_name.resize(no_name.size() + kFileNameMax + 1, 'x');
    EXPECT_EQ(read_file_frame(long_name).error(), Errc::kMalformed);
    EXPECT_EQ(read_file_frame(Bytes{3, 0}).error(), Errc::kMalformed);
    EXPECT_EQ(read_file_frame(Bytes{3, 6}).error(), Errc::kMalformed);
    EXPECT_EQ(read_file_frame(Bytes{6}).error(), Errc::kUnsupported);
}

TEST(SafeFileName, keeps_the_last_part_of_a_path_only) {
    EXPECT_EQ(safe_file_name("photo.jpg"), "photo.jpg");
    EXPECT_EQ(safe_file_name("/etc/passwd"), "passwd");
    EXPECT_EQ(safe_file_name("../../.ssh/authorized_keys"), "authorized_keys");
    EXPECT_EQ(safe_file_name("C:\\dir\\a.txt"), "a.txt");
}

TEST(SafeFileName, is_never_hidden_a_folder_an_option_or_empty) {
    EXPECT_EQ(safe_file_name(""), "_");
    EXPECT_EQ(safe_file_name("dir/"), "_");
    EXPECT_EQ(safe_file_name("."), "_.");
    EXPECT_EQ(safe_file_name(".."), "_..");
    EXPECT_EQ(safe_file_name(".bashrc"), "_.bashrc");
    EXPECT_EQ(safe_file_name("-rf"), "_-rf");
}

TEST(SafeFileName, has_nothing_that_drives_a_terminal_or_deceives_a_reader) {
    EXPECT_EQ(safe_file_name("a\x1b[2Jb\n"), "a_[2Jb_");
    EXPECT_EQ(safe_file_name("cod\xe2\x80\xaegpj.exe"), "cod_gpj.exe") << "text turned around";
    EXPECT_EQ(safe_file_name("a\xc2\x9b"
                             "31m"),
              "a_31m")
        << "a control character of two bytes";
    EXPECT_EQ(safe_file_name("a\xff\xc0\x80"), "a___") << "no UTF-8";
    EXPECT_EQ(safe_file_name("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80.txt"),
              "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80.txt");
}

TEST(SafeFileName, is_cut_between_characters) {
    const std::string name = safe_file_name(std::string(199, 'x') + "\xc3\xbc\xc3\xbc");
    EXPECT_EQ(name, std::string(199, 'x'));
    EXPECT_LE(safe_file_name("." + std::string(400, 'y')).size(), 200U);
}

}  // namespace
}  // namespace sov::streams
