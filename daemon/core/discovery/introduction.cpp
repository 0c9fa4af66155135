#include "daemon/core/discovery/introduction.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"

namespace sov::discovery {

namespace {

constexpr std::string_view kDomain = "sov-introduction";
constexpr std::size_t kPlainBytes = 32 + 32 + 64;

Bytes statement(const Occasion& occasion, const PeerId& addressee, ByteView ephemeral,
                const PresenceKey& presence_key) {
    Bytes bytes(kDomain.size() + 6 * 32);
    ByteWriter writer(bytes);
    writer.bytes(as_bytes(kDomain));
    writer.fixed(occasion.network);
    writer.fixed(occasion.speaker);
    writer.fixed(occasion.hearer);
    writer.fixed(addressee);
    writer.bytes(ephemeral);
    writer.bytes(presence_key);
    return bytes;
}

identity::SealKey seal_key(identity::Crypto& crypto, const identity::Secret32& agreed,
                           ByteView ephemeral, const PeerId& addressee) {
    return {crypto.mac(agreed, {as_bytes(kDomain), ephemeral, addressee.view()}).bytes};
}

}  // namespace

std::optional<Bytes> seal_introduction(identity::Crypto& crypto, const Occasion& occasion,
                                       const identity::SigningKey& user,
                                       const PresenceKey& presence_key, const PeerId& addressee) {
    const auto theirs = crypto.agreement_form(addressee.bytes);
    if (!theirs) return std::nullopt;
    const identity::AgreementKey ephemeral = crypto.make_agreement_key();
    const auto agreed = crypto.agree(ephemeral.secret, *theirs);
    if (!agreed) return std::nullopt;
    Bytes bytes(kIntroductionBytes);
    ByteWriter writer(bytes);
    writer.bytes(ephemeral.public_key);
    writer.bytes(user.public_key);
    writer.bytes(presence_key);
    writer.fixed(
        crypto.sign(user, statement(occasion, addressee, ephemeral.public_key, presence_key)));
    // The key is used once: it comes from a fresh ephemeral key.
    crypto.seal(seal_key(crypto, *agreed, ephemeral.public_key, addressee), 0, {},
                MutableBytes(bytes).subspan(ephemeral.public_key.size()));
    return bytes;
}

std::optional<Introduction> open_introduction(identity::Crypto& crypto, const Occasion& occasion,
                                              const identity::SigningKey& us, ByteView bytes) {
    if (bytes.size() != kIntroductionBytes) return std::nullopt;
    const PeerId own{us.public_key};
    identity::Public32 ephemeral{};
    std::copy_n(bytes.begin(), ephemeral.size(), ephemeral.begin());
    const auto agreed = crypto.agree(crypto.agreement_form(us).secret, ephemeral);
    if (!agreed) return std::nullopt;
    Bytes sealed = to_bytes(bytes.subspan(ephemeral.size()));
    if (!crypto.open(seal_key(crypto, *agreed, ephemeral, own), 0, {}, sealed)) return std::nullopt;
    ByteReader reader(ByteView(sealed).first(kPlainBytes));
    Introduction introduction;
    introduction.user = reader.fixed<PeerId>();
    introduction.presence_key = reader.fixed<Hash32>().bytes;
    const auto signature = reader.fixed<Signature>();
    const Bytes signed_bytes = statement(occasion, own, ephemeral, introduction.presence_key);
    if (!crypto.verify(introduction.user.bytes, signed_bytes, signature)) return std::nullopt;
    return introduction;
}

}  // namespace sov::discovery
