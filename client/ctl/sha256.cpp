#include "client/ctl/sha256.h"

#include <openssl/evp.h>

#include "daemon/core/base/check.h"

namespace sov::ctl {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    // Without memory there is nothing to go on with.
    SOV_CHECK(state_->context != nullptr &&
              EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(state_->context); }

void Sha256::add(ByteView bytes) {
    SOV_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Hash32 Sha256::finish() {
    Hash32 hash;
    unsigned size = 0;
    SOV_CHECK(EVP_DigestFinal_ex(state_->context, hash.bytes.data(), &size) == 1 &&
              size == Hash32::kSize);
    return hash;
}

}  // namespace sov::ctl
