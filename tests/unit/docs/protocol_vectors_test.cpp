#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "platform/openssl/host_crypto.h"
#include "tests/support/source_file.h"
#include "tests/unit/docs/vectors.h"

// docs/protocol.md is the authority on bytes, so the code is held against what stands there. After
// a deliberate change of the protocol, print the new block and put it into the document:
//
//   SOV_PRINT_VECTORS=1 sov_unit_tests --gtest_filter=ProtocolVectors.are_what_the_code_writes

namespace sov::vectors {

class ProtocolVectors : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    std::vector<Vector> documented = [] {
        std::ifstream file(support::source_file("docs/protocol.md"));
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        return read_vectors(text);
    }();

    std::vector<Vector> written() {
        std::vector<Vector> all = key_vectors(crypto);
        for (const auto& more :
             {record_vectors(crypto), message_vectors(crypto), exchange_vectors(),
              announcement_vectors(crypto), ble_vectors(crypto), link_vectors(crypto),
              stream_vectors(crypto), signal_vectors(), post_quantum_vectors(crypto),
              list_vectors(crypto)}) {
            all.insert(all.end(), more.begin(), more.end());
        }
        return all;
    }
};

TEST_F(ProtocolVectors, are_what_the_code_writes) {
    const auto all = written();
    if (std::getenv("SOV_PRINT_VECTORS") != nullptr) {
        for (const Vector& vector : all) std::cout << vector_text(vector) << "\n";
    }
    ASSERT_EQ(documented.size(), all.size());
    for (std::size_t at = 0; at < all.size(); ++at)
        EXPECT_EQ(vector_text(documented[at]), vector_text(all[at]));
}

TEST_F(ProtocolVectors, of_messages_are_read_back_from_the_documents_bytes) {
    std::size_t read = 0;
    for (const Vector& vector : documented) {
        if (!vector.name.starts_with("message ")) continue;
        EXPECT_EQ(vector_text(read_message(vector)), vector_text(vector));
        ++read;
    }
    EXPECT_GT(read, 0u);
}

TEST_F(ProtocolVectors, of_records_are_verified_and_read_back_from_the_documents_bytes) {
    std::size_t read = 0;
    for (const Vector& vector : documented) {
        if (!vector.name.starts_with("record ")) continue;
        EXPECT_EQ(vector_text(read_record(crypto, vector)), vector_text(vector));
        ++read;
    }
    EXPECT_EQ(read, 13u);
}

TEST_F(ProtocolVectors, of_an_exchange_are_accepted_by_fresh_session_tables) {
    expect_exchange_accepted(documented);
}

TEST_F(ProtocolVectors, exist_for_every_kind_of_message) {
    for (int number = 0; number < 256; ++number) {
        const std::string word = kind_word(static_cast<wire::Kind>(number));
        if (word.empty()) continue;
        const Vector vector = find_vector(documented, "message " + word);
        EXPECT_EQ(vector.text("kind"), std::to_string(number));
    }
}

}  // namespace sov::vectors
