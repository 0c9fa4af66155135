#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/check.h"

namespace sov::openssl {

struct FreeCipher {
    void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

/// Expanded cipher contexts, found by their key: a direct-mapped table, so a hit costs one
/// comparison and a key that falls on a taken slot simply takes it over (the context is re-keyed,
/// which overwrites the old expanded key). Freed contexts are wiped by OpenSSL.
///
/// Memory: 2^SlotBits slots at most, allocated in pages of 64 when first used, about 1 kB a
/// context. More slots than the CPU's caches have room for would be of no use: reading an expanded
/// key from memory takes as long as expanding it (docs/decisions/0002-crypto-libraries.md).
///
/// The slot depends on a secret salt: mask keys can be computed by whoever knows a node's public
/// key, and nobody shall be able to choose keys that keep throwing out another peer's.
template <std::size_t KeySize, unsigned SlotBits>
class ContextCache {
  public:
    static constexpr std::size_t kSlots = std::size_t{1} << SlotBits;
    using KeyBytes = std::array<std::uint8_t, KeySize>;

    ContextCache(const char* cipher, std::uint64_t salt)
        : cipher_(EVP_CIPHER_fetch(nullptr, cipher, nullptr)), salt_(salt | 1), pages_(kPages) {
        SOV_CHECK(cipher_ != nullptr);
    }
    ~ContextCache() {
        for (auto& page : pages_) {
            if (!page) continue;
            for (Slot& slot : *page) OPENSSL_cleanse(slot.key.data(), KeySize);
        }
    }
    ContextCache(const ContextCache&) = delete;
    ContextCache& operator=(const ContextCache&) = delete;

    /// A context that holds `key`, ready to encrypt (and in a counter mode to decrypt); it stays
    /// the cache's and is good until the next call.
    EVP_CIPHER_CTX* context(const KeyBytes& key) {
        Slot& slot = slot_of(key);
        if (!slot.expanded || !slot.has(key)) expand(slot, key);
        return slot.context.get();
    }

    /// The same for a key that was the last one to ask for its slot; for others nothing, but they
    /// are noted, and served from the second time in a row on. Keys that keep pushing each other
    /// out so cost a note each and no expansion.
    EVP_CIPHER_CTX* context_if_recurring(const KeyBytes& key) {
        Slot& slot = slot_of(key);
        if (slot.has(key)) return context(key);
        slot.key = key;
        slot.noted = true;
        slot.expanded = false;
        return nullptr;
    }

    /// Contexts held now; walks the table, for tests.
    std::size_t size() const {
        std::size_t count = 0;
        for (const auto& page : pages_) {
            if (!page) continue;
            for (const Slot& slot : *page) count += slot.context ? 1 : 0;
        }
        return count;
    }

  private:
    struct Slot {
        std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> context;
        KeyBytes key{};
        bool noted = false;     ///< `key` is one
        bool expanded = false;  ///< `context` holds it

        // Comparing in constant time would protect nothing: both keys are this process's own, and
        // no peer can vary one byte by byte to learn the other from the time taken.
        bool has(const KeyBytes& wanted) const {
            return noted && std::memcmp(key.data(), wanted.data(), KeySize) == 0;
        }
    };
    static constexpr std::size_t kPageSlots = 64;
    static constexpr std::size_t kPages = kSlots / kPageSlots;
    using Page = std::array<Slot, kPageSlots>;

    Slot& slot_of(const KeyBytes& key) {
        const std::size_t at = (load_u64(key.data()) * salt_) >> (64 - SlotBits);
        std::unique_ptr<Page>& page = pages_[at / kPageSlots];
        if (!page) page = std::make_unique<Page>();
        return (*page)[at % kPageSlots];
    }

    void expand(Slot& slot, const KeyBytes& key) {
        const bool fresh = !slot.context;
        if (fresh) slot.context.reset(EVP_CIPHER_CTX_new());
        SOV_CHECK(slot.context != nullptr);
        SOV_CHECK(EVP_EncryptInit_ex2(slot.context.get(), fresh ? cipher_.get() : nullptr,
                                      key.data(), nullptr, nullptr) == 1);
        EVP_CIPHER_CTX_set_padding(slot.context.get(), 0);
        slot.key = key;
        slot.noted = slot.expanded = true;
    }

    std::unique_ptr<EVP_CIPHER, FreeCipher> cipher_;
    std::uint64_t salt_;
    std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace sov::openssl
