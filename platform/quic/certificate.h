#pragma once

#include <gnutls/gnutls.h>

#include <memory>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/crypto.h"

// Certificates as libp2p-TLS has them: self-signed, with a key of their own, and an extension in
// which the user key says that this key speaks for it (libp2p specs, tls/tls.md).

namespace sov::quic {

struct FreeCredentials {
    void operator()(gnutls_certificate_credentials_t credentials) const {
        gnutls_certificate_free_credentials(credentials);
    }
};
using Credentials =
    std::unique_ptr<std::remove_pointer_t<gnutls_certificate_credentials_t>, FreeCredentials>;

/// What a certificate is made from, spelt out so that tests can make bad ones.
struct CertificateWish {
    UnixMillis not_before = 0, not_after = 0;
    bool with_identity = true;
    bool with_true_signature = true;
    bool with_foreign_critical_extension = false;
    int copies = 1;  ///< how often the chain holds the certificate; 0: nothing to show
};

/// From 1975 to 4096, as the specification's own examples: it says nothing about this host.
CertificateWish lasting_certificate();

/// A fresh P-256 key and its certificate, ready for TLS sessions. The key never leaves memory.
/// Nothing when GnuTLS can't make one (no randomness, no memory).
Credentials make_credentials(identity::Crypto& crypto, const identity::SigningKey& user,
                             const CertificateWish& wish = lasting_certificate());
/// The certificate in DER that the credentials present; for tests.
Bytes certificate_of(const Credentials& credentials);

/// Which peer a certificate (DER) speaks for. It must be signed by its own key, valid now, without
/// critical extensions that we don't know, and carry a true signature of the peer's key.
///
/// kMalformed, kTooLarge, kBadSignature (either one), kExpired (or not valid yet), kUnsupported
/// (a critical extension; a peer with another kind of key than Ed25519; a weak algorithm).
Result<PeerId> peer_of_certificate(identity::Crypto& crypto, ByteView certificate, UnixMillis now);

}  // namespace sov::quic
