#include "platform/quic/certificate.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "daemon/streams/tls_identity.h"

namespace sov::quic {

namespace {

struct FreeGnutls {
    void operator()(gnutls_x509_crt_t crt) const { gnutls_x509_crt_deinit(crt); }
    void operator()(gnutls_x509_privkey_t key) const { gnutls_x509_privkey_deinit(key); }
    void operator()(gnutls_pubkey_t key) const { gnutls_pubkey_deinit(key); }
};
template <typename Pointer>
using Owned = std::unique_ptr<std::remove_pointer_t<Pointer>, FreeGnutls>;

Owned<gnutls_x509_crt_t> new_certificate() {
    gnutls_x509_crt_t crt = nullptr;
    return Owned<gnutls_x509_crt_t>(gnutls_x509_crt_init(&crt) == 0 ? crt : nullptr);
}
Owned<gnutls_pubkey_t> new_public_key() {
    gnutls_pubkey_t key = nullptr;
    return Owned<gnutls_pubkey_t>(gnutls_pubkey_init(&key) == 0 ? key : nullptr);
}
Owned<gnutls_x509_privkey_t> new_p256_key() {
    gnutls_x509_privkey_t key = nullptr;
    if (gnutls_x509_privkey_init(&key) != 0) return nullptr;
    Owned<gnutls_x509_privkey_t> owned(key);
    const unsigned bits = GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    if (gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, bits, 0) != 0) return nullptr;
    return owned;
}

gnutls_datum_t datum(ByteView bytes) {
    return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

// Takes bytes that GnuTLS allocated.
Bytes taken(gnutls_datum_t& allocated) {
    Bytes bytes(allocated.data, allocated.data + allocated.size);
    gnutls_free(allocated.data);
    return bytes;
}

// SubjectPublicKeyInfo in DER.
Bytes key_info_of(gnutls_x509_crt_t crt) {
    const auto key = new_public_key();
    gnutls_datum_t der{};
    if (!key || gnutls_pubkey_import_x509(key.get(), crt, 0) != 0) return {};
    if (gnutls_pubkey_export2(key.get(), GNUTLS_X509_FMT_DER, &der) != 0) return {};
    return taken(der);
}

time_t seconds_of(UnixMillis at) { return static_cast<time_t>(at / 1000); }

constexpr std::int64_t kYear1975 = 157'809'600, kYear4096 = 67'090'204'800;  // Unix seconds
constexpr std::string_view kName = "O=libp2p.io";  // the one of the specification's examples

bool fill(gnutls_x509_crt_t crt, gnutls_x509_privkey_t key, const CertificateWish& wish) {
    std::array<std::uint8_t, 8> serial;
    if (gnutls_rnd(GNUTLS_RND_NONCE, serial.data(), serial.size()) != 0) return false;
    serial[0] = (serial[0] & 0x7f) | 0x40;  // positive, and the same length always
    return gnutls_x509_crt_set_version(crt, 3) == 0 && gnutls_x509_crt_set_key(crt, key) == 0 &&
           gnutls_x509_crt_set_serial(crt, serial.data(), serial.size()) == 0 &&
           gnutls_x509_crt_set_activation_time(crt, seconds_of(wish.not_before)) == 0 &&
           gnutls_x509_crt_set_expiration_time(crt, seconds_of(wish.not_after)) == 0 &&
           gnutls_x509_crt_set_dn(crt, kName.data(), nullptr) == 0 &&
           gnutls_x509_crt_set_issuer_dn(crt, kName.data(), nullptr) == 0;
}

bool extend(gnutls_x509_crt_t crt, identity::Crypto& crypto, const identity::SigningKey& user,
            const CertificateWish& wish) {
    if (wish.with_identity) {
        const Bytes key_info = key_info_of(crt);
        streams::TlsIdentity said{PeerId{user.public_key}, {}};
        said.signature = crypto.sign(user, streams::tls_identity_message(key_info));
        if (!wish.with_true_signature) said.signature.bytes[0] ^= 1;
        const Bytes extension = streams::encode_tls_identity(said);
        if (key_info.empty() ||
            gnutls_x509_crt_set_extension_by_oid(crt, streams::kTlsIdentityOid, extension.data(),
                                                 extension.size(), 0) != 0) {
            return false;
        }
    }
    if (!wish.with_foreign_critical_extension) return true;
    const Bytes null{0x05, 0x00};
    return gnutls_x509_crt_set_extension_by_oid(crt, "1.3.6.1.4.1.53594.99", null.data(),
                                                null.size(), 1) == 0;
}

// Puts certificate and key into the credentials, which own copies then. The chain is what it is:
// the simpler call would put it in order, and leave out what does not belong.
bool present(gnutls_certificate_credentials_t to, gnutls_x509_crt_t crt, gnutls_x509_privkey_t key,
             int copies) {
    std::vector<gnutls_pcert_st> chain(static_cast<std::size_t>(copies));
    for (gnutls_pcert_st& one : chain) {
        if (gnutls_pcert_import_x509(&one, crt, 0) != 0) return false;
    }
    gnutls_privkey_t owned = nullptr;
    if (gnutls_privkey_init(&owned) != 0) return false;
    return gnutls_privkey_import_x509(owned, key, GNUTLS_PRIVKEY_IMPORT_COPY) == 0 &&
           gnutls_certificate_set_key(to, nullptr, 0, chain.data(), copies, owned) >= 0;
}

// What GnuTLS would accept here, were it asked to, is not enough: it believes a self-signed
// certificate in its list of trust without looking at the signature.
Result<void> check_own_signature(gnutls_x509_crt_t crt, ByteView der) {
    const auto part = streams::signed_part(der);
    if (!part) return Errc::kMalformed;
    const int algorithm = gnutls_x509_crt_get_signature_algorithm(crt);
    if (algorithm <= 0 ||
        gnutls_sign_is_secure(static_cast<gnutls_sign_algorithm_t>(algorithm)) == 0) {
        return Errc::kUnsupported;
    }
    Bytes signature(1024);  // RSA of 8192 bits
    std::size_t size = signature.size();
    if (gnutls_x509_crt_get_signature(crt, reinterpret_cast<char*>(signature.data()), &size) != 0) {
        return Errc::kTooLarge;
    }
    const auto key = new_public_key();
    if (!key || gnutls_pubkey_import_x509(key.get(), crt, 0) != 0) return Errc::kUnsupported;
    const gnutls_datum_t content = datum(*part), sealed = datum(ByteView(signature).first(size));
    if (gnutls_pubkey_verify_data2(key.get(), static_cast<gnutls_sign_algorithm_t>(algorithm), 0,
                                   &content, &sealed) < 0) {
        return Errc::kBadSignature;
    }
    return {};
}

// The identity extension's content. Every other extension may be there unless it is critical.
Result<Bytes> find_identity(gnutls_x509_crt_t crt) {
    Bytes found;
    for (unsigned index = 0;; ++index) {
        std::array<char, 128> oid{};
        std::size_t oid_size = oid.size();
        unsigned critical = 0;
        const int status =
            gnutls_x509_crt_get_extension_info(crt, index, oid.data(), &oid_size, &critical);
        if (status == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
        if (status != 0) return Errc::kMalformed;
        if (std::string_view(oid.data()) != streams::kTlsIdentityOid) {
            if (critical != 0) return Errc::kUnsupported;
            continue;
        }
        gnutls_datum_t content{};
        if (!found.empty() || gnutls_x509_crt_get_extension_data2(crt, index, &content) != 0) {
            return Errc::kMalformed;
        }
        found = taken(content);
    }
    if (found.empty()) return Errc::kMalformed;
    return found;
}

}  // namespace

CertificateWish lasting_certificate() {
    CertificateWish wish;
    wish.not_before = static_cast<UnixMillis>(kYear1975) * 1000;
    wish.not_after = static_cast<UnixMillis>(kYear4096) * 1000;
    return wish;
}

Credentials make_credentials(identity::Crypto& crypto, const identity::SigningKey& user,
                             const CertificateWish& wish) {
    gnutls_certificate_credentials_t raw = nullptr;
    if (gnutls_certificate_allocate_credentials(&raw) != 0) return nullptr;
    Credentials credentials(raw);
    if (wish.copies == 0) return credentials;
    const auto key = new_p256_key();
    const auto crt = new_certificate();
    if (!key || !crt || !fill(crt.get(), key.get(), wish) ||
        !extend(crt.get(), crypto, user, wish) ||
        gnutls_x509_crt_sign2(crt.get(), crt.get(), key.get(), GNUTLS_DIG_SHA256, 0) != 0) {
        return nullptr;
    }
    if (!present(raw, crt.get(), key.get(), wish.copies)) return nullptr;
    return credentials;
}

Bytes certificate_of(const Credentials& credentials) {
    gnutls_datum_t der{};
    if (gnutls_certificate_get_crt_raw(credentials.get(), 0, 0, &der) != 0) return {};
    return {der.data, der.data + der.size};  // the credentials' own bytes
}

Result<PeerId> peer_of_certificate(identity::Crypto& crypto, ByteView certificate, UnixMillis now) {
    if (certificate.size() > streams::kCertificateBytesMax) return Errc::kTooLarge;
    const auto crt = new_certificate();
    const gnutls_datum_t der = datum(certificate);
    if (!crt || gnutls_x509_crt_import(crt.get(), &der, GNUTLS_X509_FMT_DER) != 0) {
        return Errc::kMalformed;
    }
    const Result<void> signed_by_itself = check_own_signature(crt.get(), certificate);
    if (!signed_by_itself) return signed_by_itself.error();
    const time_t at = seconds_of(now);
    if (at < gnutls_x509_crt_get_activation_time(crt.get()) ||
        at > gnutls_x509_crt_get_expiration_time(crt.get())) {
        return Errc::kExpired;
    }
    const Result<Bytes> extension = find_identity(crt.get());
    if (!extension) return extension.error();
    const Result<streams::TlsIdentity> said = streams::read_tls_identity(*extension);
    if (!said) return said.error();
    const Bytes message = streams::tls_identity_message(key_info_of(crt.get()));
    if (!crypto.verify(said->peer.bytes, message, said->signature)) return Errc::kBadSignature;
    return said->peer;
}

}  // namespace sov::quic
